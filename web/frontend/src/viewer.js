// Shows a diagram in every element that names one:
//   <div data-diagram-url="..." data-diagram-label="..." data-diagram-marks='{"active": [ids], "done": [ids], "incidents": [ids]}'>
// The element's state is in data-diagram-state: loading, ready or failed.
//
// The drawing is as large as it is, inside a frame that scrolls like any other part of a page: by wheel,
// touch, keyboard and scroll bar. The names of the lanes stay at the left while it moves.
import Viewer from 'bpmn-js/lib/Viewer';
import { is } from 'bpmn-js/lib/util/ModelUtil';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import './viewer.css';

const BADGES = {
  active: { text: 'Now', meaning: 'The case is at this step' },
  done: { text: '✓', meaning: 'This step was done' },
  incidents: { text: '!', meaning: 'Something went wrong at this step' },
};
const MARGIN = 24;
const STEP = 1.25;
const ARROW = 60;
const [SMALLEST, LARGEST] = [0.04, 4];
const LEGIBLE = 0.6;
const ALMOST_NORMAL = 0.9;
const LEAST_HEIGHT = 280;

function make(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function badge(kind) {
  const label = make('span', `diagram-badge diagram-badge--${kind}`, BADGES[kind].text);
  label.title = BADGES[kind].meaning;
  return label;
}

// Marks the steps; answers those at which the case stands, the ones that went wrong first.
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
  return [...new Set([...(marks.incidents ?? []), ...(marks.active ?? [])])]
    .map((id) => shapes.get(id))
    .filter((shape) => shape && !shape.waypoints);
}

// A drawing in its frame: `scroller` moves over `sheet`, which is as large as the drawing at this scale.
class Drawing {
  constructor(place, frame, scroller, sheet, viewer) {
    Object.assign(this, { place, frame, scroller, sheet, viewer });
    this.canvas = viewer.get('canvas');
    this.whole = this.canvas.viewbox().inner;
    this.lanes = viewer.get('elementRegistry').filter(
      (shape) => is(shape, 'bpmn:Lane') && shape.di.isHorizontal !== false && !shape.children.some((child) => is(child, 'bpmn:Lane')),
    );
    this.scale = 1;
    this.fitted = false;
    this.column = this.lanes.length ? this.laneColumn() : undefined;
  }

  laneColumn() {
    const column = make('ul', 'diagram-lanes');
    column.setAttribute('aria-label', 'Rows of the diagram, from the top: who does the steps');
    for (const lane of this.lanes) {
      column.append(make('li', 'diagram-lane', make('span', 'diagram-lane__name', (lane.businessObject.name ?? '').replaceAll('-', '\u2011'))));
    }
    this.scroller.prepend(column);
    return column;
  }

  // The names in the column stand for those that are drawn, so the drawing begins behind these.
  get view() {
    const { x, y, width, height } = this.whole;
    if (!this.column || this.column.hidden) {
      return { x: x - MARGIN, y: y - MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
    }
    const left = Math.min(...this.lanes.map((lane) => lane.x)) + 30;
    return { x: left, y: y - 4, width: x + width + MARGIN - left, height: height + 8 };
  }

  // The room that the window leaves below the buttons. A finger needs some of the page beside the frame.
  get room() {
    if (document.fullscreenElement === this.place) return window.innerHeight - this.bar.offsetHeight - 32;
    const share = window.matchMedia('(pointer: coarse)').matches ? 0.75 : 1;
    return Math.max((window.innerHeight - this.bar.offsetHeight - 20) * share, LEAST_HEIGHT);
  }

  // Normal size, or a trifle less where that leaves only one direction to move in.
  get openingScale() {
    const fitting = (this.room - 20) / this.view.height;
    return fitting < 1 && fitting >= ALMOST_NORMAL ? fitting : 1;
  }

  draw(scale) {
    this.scale = Math.min(Math.max(scale, SMALLEST), LARGEST);
    if (this.column) this.column.hidden = this.fitted || this.scale < LEGIBLE;
    const view = this.view;
    const [width, height] = [Math.ceil(view.width * this.scale), Math.ceil(view.height * this.scale)];
    this.sheet.style.width = `${width}px`;
    this.sheet.style.height = `${height}px`;
    if (this.column) this.column.style.height = this.sheet.style.height;
    this.lanes.forEach((lane, position) => {
      const { style } = this.column.children[position];
      style.top = `${(lane.y - view.y) * this.scale}px`;
      style.height = `${lane.height * this.scale}px`;
    });
    const borders = this.frame.offsetHeight - this.frame.clientHeight;
    const bar = this.scroller.offsetHeight - this.scroller.clientHeight;
    // A small drawing would be hidden by bpmn.io's mark.
    const below = this.fitted && height < 300 ? 44 : Math.max(bar, 16);
    this.frame.style.height = `${Math.min(height + borders + below, this.room)}px`;
    this.canvas.resized();
    this.canvas.viewbox({ x: view.x, y: view.y, width: width / this.scale, height: height / this.scale });
  }

  // Draws at another scale and keeps what is in the middle of the frame there.
  zoom(scale) {
    const middle = this.middle();
    this.fitted = false;
    this.draw(scale);
    this.centre(middle);
  }

  showAll() {
    this.fitted = true;
    this.draw(SMALLEST);
    const { width, height } = this.view;
    const border = 2;
    this.draw(Math.min((this.frame.clientWidth - border) / width, (this.room - 20) / height, 1));
    this.scroller.scrollTo(0, 0);
  }

  get covered() {
    return this.column && !this.column.hidden ? this.column.offsetWidth : 0;
  }

  middle() {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.scroller;
    const view = this.view;
    return {
      x: view.x + (scrollLeft + (clientWidth - this.covered) / 2) / this.scale,
      y: view.y + (scrollTop + clientHeight / 2) / this.scale,
    };
  }

  centre({ x, y, width = 0, height = 0 }) {
    const view = this.view;
    const { clientWidth, clientHeight } = this.scroller;
    this.scroller.scrollTo(
      (x + width / 2 - view.x) * this.scale - (clientWidth - this.covered) / 2,
      (y + height / 2 - view.y) * this.scale - clientHeight / 2,
    );
  }

  // Moves the page as far as it takes to see the step, and no further: what is above says whose case it is.
  bringIntoWindow(shape) {
    const { bottom } = this.canvas.getGraphics(shape).getBoundingClientRect();
    const hidden = Math.min(bottom + 2 * MARGIN - window.innerHeight, this.bar.getBoundingClientRect().top);
    if (hidden > 0) window.scrollBy({ top: hidden, behavior: 'instant' });
  }

  // The frame reaches from edge to edge of the window, whatever the column of text around it measures.
  fitToWindow() {
    const middle = this.middle();
    this.place.style.marginLeft = this.place.style.marginRight = '0';
    const { left, right } = this.place.getBoundingClientRect();
    if (document.fullscreenElement !== this.place) {
      const edge = Math.min(left, 15);
      this.place.style.marginLeft = `${edge - left}px`;
      this.place.style.marginRight = `${right + edge - document.documentElement.clientWidth}px`;
    }
    if (this.fitted) this.showAll();
    else {
      this.draw(this.scale);
      this.centre(middle);
    }
  }
}

function button(text, action) {
  const control = make('button', 'diagram-control', text);
  control.type = 'button';
  control.addEventListener('click', action);
  return control;
}

function controls(drawing, current) {
  const bar = make(
    'div',
    'diagram-controls',
    button('Normal size', () => drawing.zoom(1)),
    button('Whole diagram', () => drawing.showAll()),
    button('Zoom in', () => drawing.zoom(drawing.scale * STEP)),
    button('Zoom out', () => drawing.zoom(drawing.scale / STEP)),
  );
  if (document.fullscreenEnabled) {
    const { place } = drawing;
    bar.append(
      button('Full screen', () => (document.fullscreenElement ? document.exitFullscreen() : place.requestFullscreen())),
    );
  }
  let next = 0;
  if (current.length) {
    bar.prepend(
      button(current.length > 1 ? 'Go to next current step' : 'Go to current step', () => {
        next = (next + 1) % current.length;
        drawing.zoom(Math.max(drawing.scale, 1));
        drawing.centre(current[next]);
        drawing.bringIntoWindow(current[next]);
      }),
    );
  }
  return bar;
}

// A wheel that only turns one way moves a diagram sideways once the window shows all of its height. At its
// ends, and over the names of the lanes, the page moves on.
function turnWheelSideways({ scroller, bar, column }) {
  const turn = (event) => {
    const flat = scroller.scrollHeight <= scroller.clientHeight;
    if (event.ctrlKey || event.shiftKey || event.deltaX || !flat || column?.contains(event.target)) return;
    const turned = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 40 : 1);
    const { top } = bar.getBoundingClientRect();
    const { bottom } = scroller.getBoundingClientRect();
    if (bottom > window.innerHeight || top < -bar.offsetHeight) {
      // Not to be turned past: where the page comes to show all of it, it stops.
      const rest = turned > 0 ? bottom + 4 - window.innerHeight : top;
      if (rest * turned > 0 && Math.abs(rest) <= Math.abs(turned)) {
        window.scrollBy({ top: rest, behavior: 'instant' });
        event.preventDefault();
      }
      return;
    }
    const before = scroller.scrollLeft;
    scroller.scrollLeft += turned;
    if (scroller.scrollLeft !== before) event.preventDefault();
  };
  scroller.addEventListener('wheel', turn, { passive: false });
}

// Browsers know no key for "to the far end" sideways, and what they move by an arrow is still on its way when
// the next key comes.
function listenToKeys({ scroller }) {
  scroller.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const flat = scroller.scrollHeight <= scroller.clientHeight;
    const page = flat ? scroller.clientWidth * 0.8 : 0;
    const ways = { ArrowLeft: -ARROW, ArrowRight: ARROW, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    const far = Math.min(Math.max(scroller.scrollLeft + way, 0), scroller.scrollWidth);
    scroller.scrollTo({ left: far, behavior: 'instant' });
  });
}

function dragWithMouse({ scroller }) {
  scroller.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'mouse' || event.button !== 0 || !event.target.closest('.diagram-sheet')) return;
    const start = { x: event.clientX + scroller.scrollLeft, y: event.clientY + scroller.scrollTop };
    const move = ({ clientX, clientY }) => scroller.scrollTo(start.x - clientX, start.y - clientY);
    const stop = () => {
      window.removeEventListener('pointermove', move);
      scroller.classList.remove('diagram-scroller--held');
    };
    scroller.classList.add('diagram-scroller--held');
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', stop, { once: true });
  });
}

async function show(place) {
  place.dataset.diagramState = 'loading';
  const sheet = make('div', 'diagram-sheet');
  const scroller = make('div', 'diagram-scroller', sheet);
  const frame = make('div', 'diagram-frame', scroller);
  const label = place.dataset.diagramLabel ?? 'Process diagram';
  place.replaceChildren(frame);
  try {
    const answer = await fetch(place.dataset.diagramUrl, { credentials: 'same-origin' });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const viewer = new Viewer({ container: sheet });
    await viewer.importXML(await answer.text());
    const picture = sheet.querySelector('svg');
    picture.setAttribute('role', 'img');
    picture.setAttribute('aria-label', label);
    // The frame is what takes the keyboard: the picture in it moves with it.
    picture.setAttribute('tabindex', '-1');
    scroller.tabIndex = 0;
    scroller.setAttribute('role', 'region');
    scroller.setAttribute('aria-label', `${label}. Arrow keys move it.`);
    // bpmn.io's mark stays in sight whatever part of the drawing is.
    frame.append(sheet.querySelector('.bjs-powered-by'));
    const current = mark(viewer, JSON.parse(place.dataset.diagramMarks || '{}'));
    const drawing = new Drawing(place, frame, scroller, sheet, viewer);
    drawing.bar = controls(drawing, current);
    place.prepend(drawing.bar);
    drawing.fitToWindow();
    drawing.draw(drawing.openingScale);
    drawing.centre(current[0] ?? { x: drawing.view.x, y: drawing.view.y });
    if (current.length && window.scrollY === 0) drawing.bringIntoWindow(current[0]);
    turnWheelSideways(drawing);
    listenToKeys(drawing);
    dragWithMouse(drawing);
    window.addEventListener('resize', () => drawing.fitToWindow());
    document.addEventListener('fullscreenchange', () => drawing.fitToWindow());
    place.dataset.diagramState = 'ready';
  } catch (error) {
    console.error(error);
    const message = make(
      'p',
      'diagram-message',
      'The diagram could not be shown. Reload the page; if it stays like this, tell whoever runs this service.',
    );
    message.setAttribute('role', 'alert');
    place.replaceChildren(message);
    place.dataset.diagramState = 'failed';
  }
}

document.querySelectorAll('[data-diagram-url]').forEach(show);
