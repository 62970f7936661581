// Kinds of elements in words.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

/** The first event definition of an event, if it has one. */
export function eventOf(element) {
  return is(element, 'bpmn:Event') ? getBusinessObject(element).eventDefinitions?.[0] : undefined;
}

export function kindWords(element) {
  const words = spaced(element.$type ?? getBusinessObject(element).$type);
  const event = element.$type ? undefined : eventOf(element);
  return event ? `${words}: ${spaced(event.$type).replace(' event definition', '').toLowerCase()}` : words;
}

function spaced(type) {
  const words = type.replace(/^.*:/, '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words[0].toUpperCase() + words.slice(1);
}
