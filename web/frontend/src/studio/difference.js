// How one diagram differs from another, by element and in words.
import { diff } from 'bpmn-js-differ';
import { BpmnModdle } from 'bpmn-moddle';
import { kindWords } from './kinds.js';

const QUIET = new Set(['$type', 'id', 'incoming', 'outgoing']);

/**
 * Returns the ids that were `added`, `removed`, `changed` and `moved` on the way from `before` to
 * `after` (XML), and `lines`: {id, kind, words} as sentences, in the order of the diagram.
 */
export async function compareDiagrams(before, after) {
  const [old, fresh] = await Promise.all([before, after].map((xml) => new BpmnModdle().fromXML(xml)));
  const { _added, _removed, _changed, _layoutChanged } = diff(old.rootElement, fresh.rootElement);
  const entries = [
    ...Object.entries(_removed).map(([id, model]) => ({ id, kind: 'removed', words: `Removed: ${named(model)}` })),
    ...Object.entries(_added).map(([id, model]) => ({ id, kind: 'added', words: `Added: ${named(model)}` })),
    ...Object.entries(_changed).map(([id, change]) => ({ id, kind: 'changed', words: `Changed: ${named(change.model)}${said(change.attrs)}` })),
    ...Object.entries(_layoutChanged)
      .filter(([id]) => !(id in _changed) && !(id in _added))
      .map(([id, model]) => ({ id, kind: 'moved', words: `Moved: ${named(model)}` })),
  ];
  return entries.filter(({ words }) => words);
}

/** The same for a dialog: sentences only. */
export async function differences(before, after) {
  return { lines: (await compareDiagrams(before, after)).map(({ words }) => words) };
}

function named(model) {
  const kind = kindWords(model).toLowerCase();
  return model.name ? `${kind} “${model.name}”` : `${kind} ${model.id}`;
}

function said(attributes) {
  const names = Object.keys(attributes ?? {}).map((path) => path.split('.')[0]).filter((name) => !QUIET.has(name));
  const words = [...new Set(names)].map((name) => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase());
  return words.length ? ` (${words.join(', ')})` : '';
}
