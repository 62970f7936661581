// What a service task does: its handler, and each of the handler's parameters.
import { html } from 'htm/preact';
import { useRef } from 'preact/hooks';
import { isAny } from 'bpmn-js/lib/features/modeling/util/ModelingUtil';
import { eventOf } from './kinds.js';
import { ChoiceField, TextField } from './fields.js';

const LONG = 40;

export function ServiceFields({ element, extension, choices, modeler }) {
  const name = extension.handler(element);
  const handler = choices.handlers.find((each) => each.id === name);
  const given = extension.parameters(element);
  const set = (parameter) => (value) => extension.setHandler(element, name, { ...extension.parameters(element), [parameter]: value });
  const known = (handler?.parameters ?? []).map((parameter) => parameter.name);
  const strays = Object.keys(given).filter((parameter) => handler && !known.includes(parameter));
  const places = answered(modeler);
  const suggestions = [...places, ...choices.variables.map((variable) => ({ id: variable, words: 'Variable' }))];
  return html`
    <${ChoiceField} label="What the service does" value=${name} none="Nothing yet" hint=${handler && plain(handler.words)}
      options=${choices.handlers.map(({ id }) => ({ id, words: id }))}
      onTake=${(chosen) => extension.setHandler(element, chosen, shared(choices, chosen, given))} />
    ${(handler?.parameters ?? []).map((parameter) => html`<${Parameter} key=${`${name} ${parameter.name}`}
      parameter=${parameter} value=${given[parameter.name] ?? ''} places=${places} suggestions=${suggestions} onTake=${set(parameter.name)} />`)}
    ${strays.map((parameter) => html`<${TextField} key=${`${name} ${parameter}`} label=${`${parameter} (not a parameter of this handler)`}
      code value=${given[parameter]} onTake=${set(parameter)} />`)}`;
}

function Parameter({ parameter, value, places, suggestions, onTake }) {
  const long = useRef(value.length > LONG).current; // not while somebody types in it
  const place = places.find(({ id }) => id === value);
  return html`<${TextField} code value=${value} onTake=${onTake}
    label=${parameter.required ? parameter.words : `${parameter.words} (optional)`}
    hint=${place ? `What was answered at “${place.words}”.` : 'FEEL; a text stands in quotes.'}
    ...${long ? { rows: 3 } : { suggestions }} />`;
}

// A handler's description speaks to programmers too: of names in code and of what it raises.
function plain(words) {
  return words.replaceAll('`', '').replace(/[;.] (raises|refuses with)\b.*$/i, '.');
}

// Parameters that the newly chosen handler has as well keep their values.
function shared(choices, name, given) {
  const parameters = choices.handlers.find(({ id }) => id === name)?.parameters ?? [];
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, given[parameter.name] ?? '']));
}

// Where something is answered (user tasks, start events, message events), as FEEL names it.
function answered(modeler) {
  return modeler.get('elementRegistry')
    .filter((shape) => !shape.labelTarget && (isAny(shape, ['bpmn:UserTask', 'bpmn:StartEvent'])
      || eventOf(shape)?.$type === 'bpmn:MessageEventDefinition'))
    .map(({ id, businessObject }) => ({ id: `"${id}"`, words: businessObject.name || id }))
    .sort((a, b) => a.words.localeCompare(b.words));
}
