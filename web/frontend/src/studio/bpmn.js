// The page on which a diagram is drawn.
import Modeler from 'bpmn-js/lib/Modeler';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { CreateAppendAnythingModule } from 'bpmn-js-create-append-anything';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import { togetherModule } from './declared.js';
import { differences } from './difference.js';
import { copyForeignModule } from './extension.js';
import { newForm } from './new_form.js';
import { idFrom, namedIdsModule } from './named_ids.js';
import { offeredModule } from './offered.js';
import { openPage } from './page.js';
import { Properties } from './properties.js';

const MODULES = [CreateAppendAnythingModule, copyForeignModule, namedIdsModule, offeredModule, togetherModule];
// What moddle only remarks on, and keeps.
const HARMLESS = /^unknown attribute/;
const AROUND = 80;
const LEGIBLE = 0.5;
const COMFORTABLE = 0.7;

class DiagramEditor {
  #places;
  #more;
  #shown = null;
  #marked = [];
  #panel = null;

  constructor(places, more) {
    this.#places = places;
    this.#more = more;
  }

  async open(source, writable) {
    this.#panel?.close();
    this.#panel = null;
    const before = this.#shown;
    const view = before?.get('canvas').viewbox();
    before?.destroy();
    this.#marked = [];
    const container = this.#places.canvas;
    const shown = writable ? new Modeler({ container, additionalModules: MODULES }) : new NavigatedViewer({ container });
    this.#shown = shown;
    const { warnings } = await shown.importXML(source);
    const canvas = shown.get('canvas');
    const drawing = canvas.getContainer().querySelector('svg');
    drawing.setAttribute('aria-label', 'The diagram. With the focus here: N draws an element, A appends one, R changes its kind, arrow keys move.');
    if (view) canvas.viewbox(view);
    else canvas.zoom('fit-viewport', 'auto');
    if (!view && canvas.zoom() < LEGIBLE) legible(canvas, shown.get('elementRegistry'));
    if (writable) {
      shown.on('commandStack.changed', ({ trigger }) => trigger !== 'clear' && this.changed?.());
      this.#panel = new Properties(this.#places.properties, shown, await this.#more());
    }
    return [...new Set(warnings.map(({ message }) => message.split('\n')[0]))].filter((message) => !HARMLESS.test(message));
  }

  async source() {
    return (await this.#shown.saveXML({ format: true })).xml;
  }

  differences(mine, theirs) {
    return differences(mine, theirs).then(({ lines }) => lines);
  }

  show(findings, drawn) {
    const canvas = this.#shown.get('canvas');
    const registry = this.#shown.get('elementRegistry');
    for (const [id, marker] of this.#marked) if (registry.get(id)) canvas.removeMarker(id, marker);
    this.#marked = [];
    const mark = (id, marker) => {
      if (!id || !registry.get(id)) return;
      canvas.addMarker(id, marker);
      this.#marked.push([id, marker]);
    };
    for (const id of drawn?.path ?? []) mark(id, 'studio-path');
    for (const { element, severity } of findings) mark(element, `studio-${severity}`);
    this.findings = findings;
  }

  choose(finding) {
    const shape = this.#shown.get('elementRegistry').get(finding.element);
    this.show(this.findings, finding);
    if (!shape) return;
    const selection = this.#shown.get('selection', false);
    selection?.select(shape);
    this.#enlarge();
    this.#shown.get('canvas').scrollToElement(shape, AROUND);
  }

  find() {
    this.#enlarge();
    this.#shown.get('searchPad').toggle();
  }

  showWhole() {
    this.#shown.get('canvas').zoom('fit-viewport', 'auto');
  }

  #enlarge() {
    const canvas = this.#shown.get('canvas');
    if (canvas.zoom() < LEGIBLE) canvas.zoom(COMFORTABLE);
  }

  history() {
    const stack = this.#shown.get('commandStack', false);
    return {
      undo: stack?.canUndo() ? () => stack.undo() : null,
      redo: stack?.canRedo() ? () => stack.redo() : null,
    };
  }
}

// A large diagram is shown from where it starts, large enough to be read.
function legible(canvas, registry) {
  canvas.zoom(COMFORTABLE);
  const { inner, width, height } = canvas.viewbox();
  const start = registry.find(({ type, parent }) => type === 'bpmn:StartEvent' && parent.type !== 'bpmn:SubProcess');
  canvas.viewbox({
    x: inner.x - 2 * AROUND,
    y: inner.height > height && start ? start.y - height * 0.6 : inner.y - AROUND,
    width,
    height,
  });
}

openPage((places, settings, file) => {
  let choices;
  const edit = (path) => settings.edit + path.split('/').map(encodeURIComponent).join('/');
  return new DiagramEditor(places, async () => {
    choices ??= await (await fetch(settings.choices, { credentials: 'same-origin' })).json();
    return {
      choices,
      edit,
      makeForm: async (task, name) => {
        const id = await newForm(file, settings, idFrom(name || '') || task, name || 'New form', choices.forms);
        if (id) choices.forms.push({ id, words: id, path: `forms/${id}.form` });
        return id;
      },
    };
  });
}).then((opened) => opened && offer(opened.editor));

function offer(editor) {
  for (const [part, action] of [['find', () => editor.find()], ['whole', () => editor.showWhole()]]) {
    const button = document.querySelector(`[data-studio-part="${part}"]`);
    if (!button) continue;
    button.hidden = false;
    button.addEventListener('click', (event) => {
      event.stopPropagation(); // the search closes at a click on anything else
      action();
    });
  }
}
