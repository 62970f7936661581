// The properties that the service reads, as extension elements of the SpiffWorkflow namespace.
//
// They are kept as the generic elements that moddle makes of any namespace it has no description
// of: with a description, whatever it does not name would be lost on saving.
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';

const NAMESPACE = 'http://spiffworkflow.org/bpmn/schema/1.0/core';

export class Extension {
  #modeling;
  #moddle;
  #factory;
  #prefix;

  constructor(modeler) {
    this.#modeling = modeler.get('modeling');
    this.#moddle = modeler.get('moddle');
    this.#factory = modeler.get('bpmnFactory');
    this.#prefix = () => prefixOf(modeler.getDefinitions());
  }

  property(element, name) {
    return find(child(values(element), 'properties')?.$children, name, 'name')?.value ?? '';
  }

  setProperty(element, name, value) {
    const old = child(values(element), 'properties');
    const others = (old?.$children ?? []).filter((each) => !(local(each) === 'property' && each.name === name));
    const kept = find(old?.$children, name, 'name');
    const children = value ? [...others, this.#make('property', { ...attributes(kept), name, value })] : others;
    this.#replace(element, old, children.length && this.#make('properties', { ...attributes(old), $children: children }));
  }

  decision(element) {
    return (child(values(element), 'calledDecisionId')?.$body ?? '').trim();
  }

  setDecision(element, decision) {
    const old = child(values(element), 'calledDecisionId');
    this.#replace(element, old, decision && this.#make('calledDecisionId', { $body: decision }));
  }

  handler(element) {
    return child(values(element), 'serviceTaskOperator')?.id ?? '';
  }

  parameters(element) {
    const all = child(child(values(element), 'serviceTaskOperator')?.$children, 'parameters')?.$children ?? [];
    return Object.fromEntries(all.map(({ id, value }) => [id, value ?? '']));
  }

  /** Parameters with an empty value are left out, so that the handler's own default holds. */
  setHandler(element, handler, parameters) {
    const old = child(values(element), 'serviceTaskOperator');
    const given = Object.entries(parameters).filter(([, value]) => value);
    const made = handler && this.#make('serviceTaskOperator', {
      ...attributes(old),
      id: handler,
      $children: given.length
        ? [this.#make('parameters', { $children: given.map(([id, value]) => this.#make('parameter', { id, type: 'feel', value })) })]
        : [],
    });
    this.#replace(element, old, made);
  }

  #make(name, properties) {
    return this.#moddle.createAny(`${this.#prefix()}:${name}`, NAMESPACE, properties);
  }

  #replace(element, old, made) {
    const owner = getBusinessObject(element);
    const before = values(element);
    const after = old ? before.flatMap((each) => (each === old ? made || [] : [each])) : [...before, ...(made ? [made] : [])];
    const extensionElements = after.length ? this.#factory.create('bpmn:ExtensionElements', { values: after }) : undefined;
    if (extensionElements) extensionElements.$parent = owner;
    this.#modeling.updateModdleProperties(element, owner, { extensionElements });
  }
}

/** Copies elements of namespaces that nobody described, where bpmn-js would drop them. */
function CopyForeign(eventBus, moddle) {
  eventBus.on('moddleCopy.canCopyProperty', 2000, ({ property, propertyName }) => {
    if (propertyName !== 'values' || !property?.$descriptor?.isGeneric) return undefined;
    return copy(property);
  });

  function copy(generic) {
    const { $children, $body, ...rest } = { ...generic };
    return moddle.createAny(generic.$type, generic.$descriptor.ns.uri, {
      ...attributes(rest),
      ...($body === undefined ? {} : { $body }),
      ...($children ? { $children: $children.map(copy) } : {}),
    });
  }
}
CopyForeign.$inject = ['eventBus', 'moddle'];

export const copyForeignModule = { __init__: ['copyForeign'], copyForeign: ['type', CopyForeign] };

function values(element) {
  return getBusinessObject(element).extensionElements?.values ?? [];
}

function local(node) {
  const { uri, localName } = node.$descriptor?.ns ?? {};
  return uri === NAMESPACE ? localName : null;
}

function child(nodes, name) {
  return (nodes ?? []).find((node) => local(node) === name);
}

function find(nodes, value, key) {
  return (nodes ?? []).find((node) => local(node) === 'property' && node[key] === value);
}

function attributes(node) {
  return Object.fromEntries(Object.entries(node ?? {}).filter(([name]) => !name.startsWith('$')));
}

function prefixOf(definitions) {
  const declared = Object.entries(definitions.$attrs).find(([name, uri]) => name.startsWith('xmlns:') && uri === NAMESPACE);
  return declared ? declared[0].slice('xmlns:'.length) : 'spiffworkflow';
}
