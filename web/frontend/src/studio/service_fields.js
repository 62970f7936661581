// What a service task does: its handler, and each of the handler's parameters.
import { html } from 'htm/preact';
import { isAny } from 'bpmn-js/lib/features/modeling/util/ModelingUtil';
import { eventOf } from './kinds.js';
import { ChoiceField, TextField } from './fields.js';

const QUOTED = /^"([^"\\]*)"$/;

export function ServiceFields({ element, extension, choices, modeler }) {
  const name = extension.handler(element);
  const handler = choices.handlers.find((each) => each.name === name);
  const given = extension.parameters(element);
  const set = (parameter) => (value) => extension.setHandler(element, name, { ...given, [parameter]: value });
  const known = (handler?.parameters ?? []).map((parameter) => parameter.name);
  const strays = Object.keys(given).filter((parameter) => handler && !known.includes(parameter));
  return html`
    <${ChoiceField} label="What the service does" value=${name} none="Nothing yet"
      options=${choices.handlers.map((each) => ({ id: each.name, words: each.name }))}
      hint=${handler?.words} onTake=${(chosen) => extension.setHandler(element, chosen, shared(choices, chosen, given))} />
    ${(handler?.parameters ?? []).map((parameter) => html`<${Parameter} key=${`${name} ${parameter.name}`} parameter=${parameter}
      value=${given[parameter.name] ?? ''} places=${() => places(modeler)} onTake=${set(parameter.name)} />`)}
    ${strays.map((parameter) => html`<${TextField} key=${`${name} ${parameter}`} label=${`${parameter} (not a parameter of this handler)`}
      code value=${given[parameter]} onTake=${set(parameter)} />`)}`;
}

function Parameter({ parameter, value, places, onTake }) {
  const label = parameter.required ? parameter.name : `${parameter.name} (optional)`;
  if (parameter.kind === 'element' && (!value || QUOTED.test(value))) {
    return html`<${ChoiceField} label=${label} hint=${parameter.words || 'Where it was answered.'} value=${QUOTED.exec(value)?.[1] ?? ''} options=${places()}
      none="Not chosen yet" onTake=${(id) => onTake(id && `"${id}"`)} />`;
  }
  return html`<${TextField} label=${label} hint=${parameter.words || 'FEEL; a text stands in quotes.'} code rows="2" value=${value} onTake=${onTake} />`;
}

// Parameters that the newly chosen handler has as well keep their values.
function shared(choices, name, given) {
  const parameters = choices.handlers.find((each) => each.name === name)?.parameters ?? [];
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, given[parameter.name] ?? '']));
}

// Where something is answered: user tasks, start events and message events.
function places(modeler) {
  return modeler.get('elementRegistry')
    .filter((shape) => !shape.labelTarget && (isAny(shape, ['bpmn:UserTask', 'bpmn:StartEvent'])
      || eventOf(shape)?.$type === 'bpmn:MessageEventDefinition'))
    .map(({ id, businessObject }) => ({ id, words: businessObject.name ? `${businessObject.name} (${id})` : id }))
    .sort((a, b) => a.words.localeCompare(b.words));
}
