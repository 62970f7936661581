// Shows a diagram in every element that names one:
//   <div data-diagram-url="..." data-diagram-label="..." data-diagram-marks='{"active": [ids], "done": [ids], "incidents": [ids]}'>
// The element's state is in data-diagram-state: loading, ready or failed. Once the picture is drawn the
// element sends "diagram-ready" with the viewer, and with goTo(shape), which brings a shape into sight.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import './viewer.css';

const BADGES = {
  active: { text: 'Now', meaning: 'The case is at this step' },
  done: { text: '✓', meaning: 'This step was done' },
  incidents: { text: '!', meaning: 'Something went wrong at this step' },
};
const LEGIBLE = 0.5;
const COMFORTABLE = 0.8;
const ARROWS = { ArrowLeft: 'left', ArrowUp: 'up', ArrowRight: 'right', ArrowDown: 'down' };

function badge(kind) {
  const label = document.createElement('span');
  label.className = `diagram-badge diagram-badge--${kind}`;
  label.title = BADGES[kind].meaning;
  label.textContent = BADGES[kind].text;
  return label;
}

function mark(viewer, marks) {
  const shapes = viewer.get('elementRegistry');
  const canvas = viewer.get('canvas');
  const overlays = viewer.get('overlays');
  for (const kind of Object.keys(BADGES)) {
    for (const id of marks[kind] ?? []) {
      const shape = shapes.get(id);
      if (!shape) continue;
      canvas.addMarker(shape, `diagram-${kind}`);
      if (!shape.waypoints) {
        overlays.add(shape, { position: { top: -22, left: 0 }, html: badge(kind), show: { minZoom: 0.3 } });
      }
    }
  }
  return [...(marks.incidents ?? []), ...(marks.active ?? [])].map((id) => shapes.get(id)).find(Boolean);
}

function centre(canvas, shape) {
  canvas.zoom(COMFORTABLE, {
    x: shape.x + (shape.width ?? 0) / 2,
    y: shape.y + (shape.height ?? 0) / 2,
  });
  canvas.scrollToElement(shape, 120);
}

function button(text, action) {
  const control = document.createElement('button');
  control.type = 'button';
  control.className = 'diagram-control';
  control.textContent = text;
  control.addEventListener('click', action);
  return control;
}

function controls(viewer, current) {
  const canvas = viewer.get('canvas');
  const zoom = viewer.get('zoomScroll');
  const bar = document.createElement('div');
  bar.className = 'diagram-controls';
  bar.append(
    button('Zoom in', () => zoom.stepZoom(1)),
    button('Zoom out', () => zoom.stepZoom(-1)),
    button('Show whole diagram', () => canvas.zoom('fit-viewport', 'auto')),
  );
  if (current) bar.append(button('Go to current step', () => centre(canvas, current)));
  return bar;
}

function listenToArrows(viewer) {
  const keyboard = viewer.get('keyboard');
  const move = viewer.get('keyboardMove');
  keyboard.addListener(({ keyEvent }) => {
    const direction = ARROWS[keyEvent.key];
    if (!direction || keyboard.hasModifier(keyEvent)) return undefined;
    move.moveCanvas({ speed: 50, direction });
    return true;
  });
}

async function show(place) {
  place.dataset.diagramState = 'loading';
  const frame = document.createElement('div');
  frame.className = 'diagram-frame';
  place.replaceChildren(frame);
  try {
    const answer = await fetch(place.dataset.diagramUrl, { credentials: 'same-origin' });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    // Without its own listening to the wheel: scrolling the page must not zoom what lies under it.
    const viewer = new NavigatedViewer({ container: frame, zoomScroll: { enabled: false } });
    await viewer.importXML(await answer.text());
    const canvas = viewer.get('canvas');
    const drawing = canvas.getContainer().querySelector('svg');
    drawing.setAttribute('role', 'img');
    drawing.setAttribute('aria-label', `${place.dataset.diagramLabel ?? 'Process diagram'}. Arrow keys move it.`);
    const current = mark(viewer, JSON.parse(place.dataset.diagramMarks || '{}'));
    canvas.zoom('fit-viewport', 'auto');
    if (current && canvas.zoom() < LEGIBLE) centre(canvas, current);
    listenToArrows(viewer);
    place.prepend(controls(viewer, current));
    window.addEventListener('resize', () => canvas.resized());
    const goTo = (shape) => centre(canvas, shape);
    place.dispatchEvent(new CustomEvent('diagram-ready', { bubbles: true, detail: { viewer, goTo } }));
    place.dataset.diagramState = 'ready';
  } catch (error) {
    console.error(error);
    const message = document.createElement('p');
    message.className = 'diagram-message';
    message.setAttribute('role', 'alert');
    message.textContent = 'The diagram could not be shown. Reload the page; if it stays like this, tell whoever runs this service.';
    place.replaceChildren(message);
    place.dataset.diagramState = 'failed';
  }
}

document.querySelectorAll('[data-diagram-url]').forEach(show);
