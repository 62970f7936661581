// Messages, errors and escalations that a file declares once and its events name.
const KINDS = {
  'bpmn:MessageEventDefinition': { type: 'bpmn:Message', reference: 'messageRef', words: 'Message', code: 'name' },
  'bpmn:ErrorEventDefinition': { type: 'bpmn:Error', reference: 'errorRef', words: 'Error', code: 'errorCode' },
  'bpmn:EscalationEventDefinition': { type: 'bpmn:Escalation', reference: 'escalationRef', words: 'Escalation', code: 'escalationCode' },
};

export const kindOf = (definition) => KINDS[definition?.$type];

export function nameOf(declaration, kind) {
  return declaration?.[kind.code] || declaration?.name || '';
}

/** The names that the file declares of this kind. */
export function declaredNames(modeler, kind) {
  return modeler.getDefinitions().rootElements
    .filter(({ $type }) => $type === kind.type)
    .map((declaration) => nameOf(declaration, kind))
    .filter(Boolean);
}

/** Makes the event name `name`, and the file declare it if it did not; one step to undo. */
export function declare(modeler, element, definition, name) {
  const kind = kindOf(definition);
  const modeling = modeler.get('modeling');
  const factory = modeler.get('bpmnFactory');
  const definitions = modeler.getDefinitions();
  modeler.get('commandStack').execute('studio.together', {
    steps: () => {
      let declaration = definitions.rootElements.find((each) => each.$type === kind.type && nameOf(each, kind) === name);
      if (name && !declaration) {
        declaration = factory.create(kind.type, { name, ...(kind.code === 'name' ? {} : { [kind.code]: name }) });
        declaration.$parent = definitions;
        modeling.updateModdleProperties(element, definitions, { rootElements: [...definitions.rootElements, declaration] });
      }
      modeling.updateModdleProperties(element, definition, { [kind.reference]: declaration });
    },
  });
}

function Together() {}
Together.prototype.preExecute = ({ steps }) => steps();

function Commands(commandStack) {
  commandStack.registerHandler('studio.together', Together);
}
Commands.$inject = ['commandStack'];

export const togetherModule = { __init__: ['studioCommands'], studioCommands: ['type', Commands] };
