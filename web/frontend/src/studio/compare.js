// The page that shows how two versions of a model differ: diagrams side by side, the rest in words.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import './compare.css';
import { compareDiagrams } from './difference.js';

const SIGNS = { added: '+', removed: '−', changed: '~', moved: '↔' };
const LEGIBLE = 0.5;
const COMFORTABLE = 0.7;
const AROUND = 80;

async function compare(place) {
  const { before, after } = JSON.parse(place.querySelector('script[type="application/json"]').textContent);
  const list = place.querySelector('[data-compare="list"]');
  const sides = [...place.querySelectorAll('[data-compare="diagram"]')];
  try {
    const entries = before && after ? await compareDiagrams(before, after) : [];
    const viewers = await Promise.all(sides.map((side) => open(side, side.dataset.side === 'before' ? before : after)));
    for (const viewer of viewers.filter(Boolean)) mark(viewer, entries);
    together(viewers);
    list.replaceChildren(...entries.map((entry) => listed(entry, viewers)));
    if (entries.length) lead(entries.find(({ words }) => !/flow/.test(words)) ?? entries[0], viewers);
    if (before && after && !entries.length) {
      list.replaceWith(Object.assign(document.createElement('p'), { className: 'govuk-body', textContent: 'Both draw the same.' }));
    }
    place.dataset.compareState = 'ready';
  } catch (error) {
    console.error(error);
    list.replaceWith(Object.assign(document.createElement('p'), {
      className: 'govuk-body',
      textContent: 'The diagrams could not be compared. Look at each of them by itself.',
    }));
    place.dataset.compareState = 'failed';
  }
}

async function open(side, source) {
  if (!source) return null;
  const viewer = new NavigatedViewer({ container: side, zoomScroll: { enabled: false } });
  await viewer.importXML(source);
  viewer.get('canvas').zoom('fit-viewport', 'auto');
  const drawing = viewer.get('canvas').getContainer().querySelector('svg');
  drawing.setAttribute('role', 'img');
  drawing.setAttribute('aria-label', side.dataset.label);
  return viewer;
}

function mark(viewer, entries) {
  const registry = viewer.get('elementRegistry');
  for (const { id, kind } of entries) {
    const shape = registry.get(id);
    if (!shape) continue;
    viewer.get('canvas').addMarker(shape, `compare-${kind}`);
    if (shape.waypoints) continue;
    const badge = Object.assign(document.createElement('span'), { className: `compare-badge compare-badge--${kind}`, textContent: SIGNS[kind] });
    viewer.get('overlays').add(shape, { position: { top: -10, left: -10 }, html: badge });
  }
}

// What one side shows, the other shows as well.
function together([first, second]) {
  if (!first || !second) return;
  let moving = false;
  for (const [one, other] of [[first, second], [second, first]]) {
    one.on('canvas.viewbox.changed', ({ viewbox: { x, y, width, height } }) => {
      if (moving) return;
      moving = true;
      other.get('canvas').viewbox({ x, y, width, height });
      moving = false;
    });
  }
}

function listed(change, viewers) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'compare-entry', textContent: change.words });
  button.addEventListener('click', () => {
    lead(change, viewers);
    for (const viewer of viewers.filter(Boolean)) {
      const canvas = viewer.get('canvas');
      for (const shape of viewer.get('elementRegistry').getAll()) canvas.removeMarker(shape, 'compare-chosen');
      if (viewer.get('elementRegistry').get(change.id)) canvas.addMarker(change.id, 'compare-chosen');
    }
  });
  const entry = document.createElement('li');
  entry.append(button);
  return entry;
}

// The side that still has it, or has it already, leads there; the other follows.
function lead({ id, kind }, viewers) {
  const leading = (kind === 'removed' ? viewers : [...viewers].reverse()).find((viewer) => viewer?.get('elementRegistry').get(id));
  if (!leading) return;
  const canvas = leading.get('canvas');
  if (canvas.zoom() < LEGIBLE) canvas.zoom(COMFORTABLE);
  canvas.scrollToElement(id, AROUND);
}

document.querySelectorAll('[data-compare="diagrams"]').forEach(compare);
