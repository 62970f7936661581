// The page on which a decision table is edited.
import Modeler from 'dmn-js/lib/Modeler';
import NavigatedViewer from 'dmn-js/lib/NavigatedViewer';
import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-drd.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-js-literal-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression-controls.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn.css';
import { lineDifferences } from './conflict.js';
import { having, highlight } from './highlight.js';
import { openPage } from './page.js';

class DecisionEditor {
  #places;
  #shown = null;

  constructor(places) {
    this.#places = places;
  }

  async open(source, writable) {
    this.#shown?.destroy();
    const shown = new (writable ? Modeler : NavigatedViewer)({ container: this.#places.canvas, drd: { drillDown: { enabled: true } } });
    this.#shown = shown;
    shown.on('viewer.created', ({ viewer }) => {
      viewer.on('commandStack.changed', ({ trigger }) => trigger !== 'clear' && this.changed?.());
    });
    shown.on('views.changed', () => this.#views());
    const { warnings } = await shown.importXML(source);
    const decisions = shown.getViews().filter(({ type }) => type !== 'drd');
    if (decisions.length === 1) await shown.open(decisions[0]);
    this.#views();
    return warnings.map(({ message }) => message.split('\n')[0]);
  }

  async source() {
    return (await this.#shown.saveXML({ format: true })).xml;
  }

  differences(mine, theirs) {
    return lineDifferences(mine, theirs);
  }

  show(findings) {
    highlight(findings, ({ element }) => element
      && [having('data-element-id', element), having('data-row-id', element), having('data-col-id', element)].join(', '));
  }

  choose({ element }) {
    const place = element && this.#places.canvas.querySelector(
      [having('data-element-id', element), having('data-row-id', element), having('data-col-id', element)].join(', '),
    );
    place?.scrollIntoView({ block: 'center', inline: 'center' });
    place?.focus();
  }

  history() {
    const stack = this.#shown.getActiveViewer()?.get('commandStack', false);
    return {
      undo: stack?.canUndo() ? () => stack.undo() : null,
      redo: stack?.canRedo() ? () => stack.redo() : null,
    };
  }

  // Each decision of the file, and the picture of what requires what, has a button.
  #views() {
    const views = this.#shown.getViews();
    const active = this.#shown.getActiveView();
    const place = this.#places.properties;
    place.replaceChildren(...views.map((view) => {
      const button = Object.assign(document.createElement('button'), {
        type: 'button',
        className: 'studio-link',
        textContent: view.type === 'drd' ? 'What requires what' : view.name || view.id,
      });
      button.setAttribute('aria-pressed', String(view.id === active?.id && view.type === active?.type));
      button.addEventListener('click', () => this.#shown.open(view));
      const entry = document.createElement('p');
      entry.className = 'govuk-body-s';
      entry.append(button);
      return entry;
    }));
  }
}

openPage((places) => new DecisionEditor(places));
