// The panel beside a diagram: what the service reads of the chosen element, chosen from what exists.
import { html } from 'htm/preact';
import { render } from 'preact';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { isAny } from 'bpmn-js/lib/features/modeling/util/ModelingUtil';
import { declare, declaredNames, kindOf, nameOf } from './declared.js';
import { Extension } from './extension.js';
import { CheckField, ChoiceField, SeveralField, TextField } from './fields.js';
import { eventOf, kindWords } from './kinds.js';
import { ServiceFields } from './service_fields.js';

const TIMERS = [
  { id: 'timeDuration', words: 'After a time' },
  { id: 'timeDate', words: 'On a date' },
  { id: 'timeCycle', words: 'Again and again' },
];
const CLAUSED = ['bpmn:FlowNode', 'bpmn:SequenceFlow'];
const LONGEST = 90;
const ID = /^[A-Za-z_][\w.-]*$/;

export class Properties {
  #place;
  #modeler;
  #more;
  #keys = new WeakMap();
  #drawn = null;
  #lastKey = 0;

  /** `more` has `choices`, `edit` (the address of a file's editor) and `makeForm(id, name)`. */
  constructor(place, modeler, more) {
    this.#place = place;
    this.#modeler = modeler;
    this.#more = { ...more, modeler, extension: new Extension(modeler) };
    modeler.on(['selection.changed', 'elements.changed', 'import.done', 'root.set'], () => this.#draw());
    this.#draw();
  }

  close() {
    render(null, this.#place);
  }

  #draw() {
    const chosen = this.#modeler.get('selection').get();
    const shape = chosen[0]?.labelTarget ?? chosen[0] ?? this.#modeler.get('canvas').getRootElement();
    if (chosen.length > 1 || !shape?.businessObject || is(shape, 'bpmn:Collaboration')) {
      const text = chosen.length > 1 ? `${chosen.length} elements are chosen. Choose one to see its properties.`
        : 'Choose an element of the diagram to see and change what the service reads of it.';
      render(html`<p class="govuk-body-s">${text}</p>`, this.#place);
      return;
    }
    if (this.#drawn !== shape) this.#place.parentElement.scrollTop = 0;
    this.#drawn = shape;
    if (!this.#keys.has(shape)) this.#keys.set(shape, (this.#lastKey += 1));
    render(html`<${Panel} key=${this.#keys.get(shape)} element=${shape} ...${this.#more} />`, this.#place);
  }
}

function Panel(tools) {
  const { element, modeler } = tools;
  const object = getBusinessObject(element);
  const modeling = modeler.get('modeling');
  const update = (owner, properties) => {
    if (modeler.get('elementRegistry').get(element.id) === element) modeling.updateModdleProperties(element, owner, properties);
  };
  const shared = { ...tools, object, update };
  return html`
    <p class="govuk-body-s studio-kind">${kindWords(element)}</p>
    <${NameFields} ...${shared} />
    ${is(element, 'bpmn:UserTask') && html`<${UserTaskFields} ...${shared} />`}
    ${is(element, 'bpmn:ServiceTask') && html`<${ServiceFields} ...${shared} />`}
    ${is(element, 'bpmn:BusinessRuleTask') && html`<${DecisionField} ...${shared} />`}
    ${is(element, 'bpmn:CallActivity') && html`<${CallFields} ...${shared} />`}
    ${eventOf(element) && html`<${EventFields} ...${shared} definition=${eventOf(element)} />`}
    ${isAny(element, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway']) && html`<${DefaultField} ...${shared} />`}
    ${is(element, 'bpmn:SequenceFlow') && html`<${ConditionField} ...${shared} />`}
    ${isAny(element, CLAUSED) && html`<${ClauseField} ...${shared} />`}
    <${DocumentationField} ...${shared} />
    <${IdField} ...${shared} />`;
}

function NameFields({ element, object, modeler, choices, update }) {
  if (is(element, 'bpmn:Lane')) {
    const names = choices.roles.map(({ words }) => ({ id: words, words }));
    return html`<${ChoiceField} label="Role" hint="Whose work stands in this lane." value=${object.name ?? ''} options=${names}
      none="No role" onTake=${(name) => modeler.get('modeling').updateLabel(element, name)} />`;
  }
  if (is(element, 'bpmn:Participant')) {
    return html`<${TextField} label="Name" value=${object.name ?? ''} onTake=${(name) => modeler.get('modeling').updateLabel(element, name)} />
      ${object.processRef && html`<${ProcessFields} process=${object.processRef} update=${update} />`}`;
  }
  if (is(element, 'bpmn:Process')) return html`<${ProcessFields} process=${object} update=${update} />`;
  if (is(element, 'bpmn:TextAnnotation')) {
    return html`<${TextField} label="Text" rows="3" value=${object.text ?? ''} onTake=${(text) => modeler.get('modeling').updateLabel(element, text)} />`;
  }
  const hint = isAny(element, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway']) ? 'A question, such as “Plan agreed?”'
    : is(element, 'bpmn:SequenceFlow') ? 'The answer that leads this way, such as “Yes”.' : '';
  return html`<${TextField} label="Name" hint=${hint} rows="2" value=${object.name ?? ''}
    onTake=${(name) => modeler.get('modeling').updateLabel(element, name)} />`;
}

function ProcessFields({ process, update }) {
  return html`
    <${TextField} label="Name of the process" value=${process.name ?? ''} onTake=${(name) => update(process, { name })} />
    <${CheckField} label="The service runs this process" value=${process.isExecutable ?? false}
      onTake=${(isExecutable) => update(process, { isExecutable })} />`;
}

function UserTaskFields({ element, object, extension, choices, edit, makeForm }) {
  const take = (name) => (value) => extension.setProperty(element, name, value);
  const form = extension.property(element, 'form');
  const due = extension.property(element, 'due');
  const dueBy = due.startsWith('=') ? '=' : due;
  const known = choices.forms.find(({ id }) => id === form);
  return html`
    <${ChoiceField} label="Form" hint="What the person answers." value=${form} options=${choices.forms} none="No form yet" onTake=${take('form')} />
    <p class="govuk-body-s studio-aside">
      ${known
        ? html`<a class="govuk-link" href=${edit(known.path)}>Edit this form</a>`
        : html`<button type="button" class="studio-link" onClick=${async () => {
          const id = await makeForm(element.id, object.name);
          if (id) take('form')(id);
        }}>Make a new form for this task</button>`}
    </p>
    <${ChoiceField} label="Due" hint="By the table of timescales." value=${dueBy} none="No due date"
      options=${[...choices.timescales, { id: '=', words: 'Worked out with FEEL…' }]}
      onTake=${(value) => take('due')(value === '=' ? '= ' : value)} />
    ${dueBy === '=' && html`<${TextField} label="Due date in FEEL" code rows="2" value=${due.slice(1).trim()}
      onTake=${(text) => take('due')(`=${text}`)} />`}
    <${ChoiceField} label="Tray" hint="Everyone of the lane’s role sees it there." value=${extension.property(element, 'tray')}
      options=${choices.trays} none="No tray: it goes to one person" onTake=${take('tray')} />
    <${TextField} label="Assigned to" hint="FEEL that gives a user, such as co_ordinator. Empty: anyone of the role." code
      suggestions=${choices.variables.map((id) => ({ id, words: 'Variable' }))}
      value=${extension.property(element, 'assignee')} onTake=${take('assignee')} />`;
}

function DecisionField({ element, extension, choices, edit }) {
  const decision = extension.decision(element);
  const known = choices.decisions.find(({ id }) => id === decision);
  return html`
    <${ChoiceField} label="Decision" value=${decision} options=${choices.decisions} none="No decision yet"
      onTake=${(id) => extension.setDecision(element, id)} />
    ${known && html`<p class="govuk-body-s studio-aside"><a class="govuk-link" href=${edit(known.path)}>Edit this decision</a></p>`}`;
}

function CallFields({ element, object, extension, choices, edit, update }) {
  const known = choices.diagrams.find(({ id }) => id === object.calledElement);
  return html`
    <${ChoiceField} label="Process that is called" value=${object.calledElement ?? ''} options=${choices.diagrams} none="No process yet"
      onTake=${(calledElement) => update(object, { calledElement: calledElement || undefined })} />
    ${known && html`<p class="govuk-body-s studio-aside"><a class="govuk-link" href=${edit(known.path)}>Open its diagram</a></p>`}
    <${TextField} label="What it hands back" hint="Variables, with commas between them." code
      value=${extension.property(element, 'returns')} onTake=${(value) => extension.setProperty(element, 'returns', value)} />`;
}

function EventFields(tools) {
  const { element, object, definition, update } = tools;
  return html`
    ${is(definition, 'bpmn:TimerEventDefinition') && html`<${TimerFields} ...${tools} />`}
    ${kindOf(definition) && html`<${DeclaredField} ...${tools} />`}
    ${is(element, 'bpmn:BoundaryEvent') && !is(definition, 'bpmn:ErrorEventDefinition') && html`
      <${CheckField} label="Ends what it is attached to" hint="If not, it can happen again and again beside it." value=${object.cancelActivity !== false}
        onTake=${(cancelActivity) => update(object, { cancelActivity })} />`}`;
}

function TimerFields({ definition, modeler, update }) {
  const kind = TIMERS.find(({ id }) => definition[id])?.id ?? 'timeDuration';
  const text = definition[kind]?.body ?? '';
  const set = (chosen, body) => {
    const expression = modeler.get('bpmnFactory').create('bpmn:FormalExpression', { body });
    expression.$parent = definition;
    update(definition, Object.fromEntries(TIMERS.map(({ id }) => [id, id === chosen ? expression : undefined])));
  };
  return html`
    <${ChoiceField} label="When" value=${kind} options=${TIMERS} none="Not said yet" onTake=${(chosen) => set(chosen, text)} />
    <${TextField} label="Time in FEEL" hint=${'Such as timescale("2Q") or duration("P3M").'} code rows="3" value=${text} onTake=${(body) => set(kind, body)} />`;
}

function DeclaredField({ element, definition, modeler, choices }) {
  const kind = kindOf(definition);
  const known = kind.type === 'bpmn:Message' ? choices.messages : [];
  const options = [...known, ...declaredNames(modeler, kind)
    .filter((name) => !known.some(({ id }) => id === name)).map((name) => ({ id: name, words: name }))];
  const name = nameOf(definition[kind.reference], kind);
  const take = (value) => declare(modeler, element, definition, value);
  return html`
    <${ChoiceField} label=${kind.words} value=${name} options=${options} none="Not chosen yet" onTake=${take} />
    ${!name && html`<${TextField} label=${`Or a new ${kind.words.toLowerCase()}`} hint="A name that no other one has." code value=""
      check=${(text) => (text && !ID.test(text) ? 'Use letters, numbers and underscores, beginning with a letter' : '')}
      onTake=${(text) => text && take(text)} />`}`;
}

function DefaultField({ element, object, update }) {
  const ways = (object.outgoing ?? []).map((flow) => ({
    id: flow.id, words: `${flow.name || 'Unnamed'}: to ${flow.targetRef?.name || flow.targetRef?.id}`,
  }));
  if (ways.length < 2) return null;
  return html`<${ChoiceField} label="Default way" hint="Taken where no condition is true." value=${object.default?.id ?? ''} options=${ways}
    none="Not chosen yet" onTake=${(id) => update(object, { default: object.outgoing.find((flow) => flow.id === id) })} />`;
}

function ConditionField({ object, modeler, update }) {
  const { sourceRef } = object;
  if (!isAny(sourceRef, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway']) || (sourceRef.outgoing ?? []).length < 2) return null;
  if (sourceRef.default === object) return html`<p class="govuk-body-s">The default way: taken where no condition is true.</p>`;
  const take = (body) => {
    const conditionExpression = body ? modeler.get('bpmnFactory').create('bpmn:FormalExpression', { body }) : undefined;
    if (conditionExpression) conditionExpression.$parent = object;
    update(object, { conditionExpression });
  };
  return html`<${TextField} label="Condition in FEEL" hint=${'Such as plan_agreed = "yes".'} code rows="3"
    value=${object.conditionExpression?.body ?? ''} onTake=${take} />`;
}

function ClauseField({ element, extension, choices }) {
  const clauses = extension.property(element, 'clause').split(/\s+/).filter(Boolean);
  return html`<${SeveralField} label="Steps and rules that it carries out" value=${clauses}
    options=${choices.clauses.map(({ id, words }) => ({ id, words: `${id}: ${shortened(words)}` }))}
    onTake=${(chosen) => extension.setProperty(element, 'clause', chosen.join(' '))} />`;
}

function DocumentationField({ element, object, modeler, update }) {
  const owner = is(element, 'bpmn:Participant') && object.processRef ? object.processRef : object;
  const all = owner.documentation ?? [];
  const take = (text) => {
    const first = text ? [modeler.get('bpmnFactory').create('bpmn:Documentation', { text })] : [];
    first.forEach((each) => { each.$parent = owner; });
    update(owner, { documentation: [...first, ...all.slice(1)] });
  };
  const hint = is(element, 'bpmn:UserTask') ? 'The task’s page shows it under “Why this task exists”.' : '';
  return html`<${TextField} label="Documentation" hint=${hint} rows="5" value=${all[0]?.text ?? ''} onTake=${take} />
    ${all.slice(1).map(({ text }) => html`<p class="govuk-body-s">${text}</p>`)}`;
}

function IdField({ element, object, modeler }) {
  if (is(element, 'bpmn:Participant')) return null;
  const check = (id) => {
    if (!ID.test(id)) return 'Begin with a letter and use letters, numbers and underscores';
    return id !== object.id && modeler.get('moddle').ids.assigned(id) ? 'Something else in this diagram has this id' : '';
  };
  return html`<${TextField} label="Id" hint="Appears in messages and in the history." code value=${object.id} check=${check}
    onTake=${(id) => id !== object.id && modeler.get('modeling').updateProperties(element, { id })} />`;
}

function shortened(words) {
  return words.length > LONGEST ? `${words.slice(0, LONGEST).replace(/\s+\S*$/, '')}…` : words;
}
