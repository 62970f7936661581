// The page on which a form is edited, with a preview that is the page a caseworker gets.
import { FormEditor as Editor } from '@bpmn-io/form-js-editor';
import { Form as Viewer } from '@bpmn-io/form-js-viewer';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import '@bpmn-io/form-js-editor/dist/assets/form-js-editor-base.css';
import '@bpmn-io/form-js-editor/dist/assets/properties-panel.css';
import '@bpmn-io/form-js-editor/dist/assets/dragula.css';
import { lineDifferences } from './conflict.js';
import { having, highlight } from './highlight.js';
import { openPage } from './page.js';

class FormEditor {
  #places;
  #shown = null;
  #writable = false;
  #source = '';

  constructor(places) {
    this.#places = places;
  }

  async open(source, writable) {
    this.#shown?.destroy();
    this.#places.properties.replaceChildren();
    this.#writable = writable;
    this.#source = source;
    const container = this.#places.canvas;
    const shown = writable ? new Editor({ container, propertiesPanel: { parent: this.#places.properties } }) : new Viewer({ container });
    this.#shown = shown;
    const { warnings } = await shown.importSchema(JSON.parse(source));
    if (writable) shown.on('changed', () => this.changed?.());
    return warnings.map(({ message }) => message);
  }

  source() {
    return this.#writable ? `${JSON.stringify(this.#shown.saveSchema(), null, 2)}\n` : this.#source;
  }

  differences(mine, theirs) {
    return lineDifferences(mine, theirs);
  }

  show(findings) {
    highlight(findings, ({ element }) => {
      const field = this.#field(element);
      return field && `.fjs-element${having('data-id', field.id)}`;
    });
  }

  choose({ element }) {
    const field = this.#field(element);
    if (!field) return;
    this.#shown.get('selection', false)?.set(field);
    this.#places.canvas.querySelector(having('data-id', field.id))?.scrollIntoView({ block: 'center' });
  }

  history() {
    const stack = this.#writable ? this.#shown.get('commandStack') : null;
    return {
      undo: stack?.canUndo() ? () => stack.undo() : null,
      redo: stack?.canRedo() ? () => stack.redo() : null,
    };
  }

  // A finding names a field by its key, else its path, else its id.
  #field(name) {
    const fields = name ? this.#shown.get('formFieldRegistry').getAll() : [];
    return fields.find(({ key, path, id }) => (key || path || id) === name);
  }
}

function preview({ file, editor, settings, autosave }) {
  const page = document.querySelector('[data-studio]');
  const frame = page.querySelector('[data-studio-part="preview"]');
  const button = page.querySelector('[data-studio-part="show-preview"]');
  button.hidden = false;
  button.addEventListener('click', async () => {
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
    button.textContent = open ? 'Show the caseworker’s page' : 'Back to the editor';
    page.classList.toggle('studio--preview', !open);
    if (open) return;
    frame.srcdoc = '<p>One moment…</p>';
    await autosave.now();
    const answer = await file.ask(settings.preview, { form: editor.source() });
    frame.srcdoc = answer.ok ? withoutScripts(await answer.text())
      : '<p>The page cannot be shown: mend the errors first.</p>';
  });
}

// None would run in the frame, and the browser would complain of each.
function withoutScripts(page) {
  const parsed = new DOMParser().parseFromString(page, 'text/html');
  parsed.querySelectorAll('script').forEach((script) => script.remove());
  return `<!doctype html>${parsed.documentElement.outerHTML}`;
}

openPage((places) => new FormEditor(places)).then((opened) => opened && preview(opened));
