// Elements get ids that say what happens: made of the first name that they are given.
import { isLabel } from 'bpmn-js/lib/util/LabelUtil';
import { isAny } from 'bpmn-js/lib/features/modeling/util/ModelingUtil';

const MADE_UP = /^(Activity|Event|Gateway)_[0-9a-z]{7}$/;

export function idFrom(name) {
  const plain = name.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase();
  const id = plain.replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return /^[0-9]/.test(id) ? `step_${id}` : id;
}

function NamedIds(eventBus, modeling, moddle) {
  eventBus.on('commandStack.element.updateLabel.postExecuted', ({ context: { element, newLabel } }) => {
    const shape = isLabel(element) ? element.labelTarget : element;
    if (!MADE_UP.test(shape.id) || !isAny(shape, ['bpmn:FlowNode'])) return;
    const wanted = idFrom(newLabel ?? '');
    if (!wanted) return;
    let id = wanted;
    for (let number = 2; moddle.ids.assigned(id); number += 1) id = `${wanted}_${number}`;
    modeling.updateProperties(shape, { id });
  });
}
NamedIds.$inject = ['eventBus', 'modeling', 'moddle'];

export const namedIdsModule = { __init__: ['namedIds'], namedIds: ['type', NamedIds] };
