// Writes notes at the elements of a diagram that the viewer shows:
//   <div data-diagram-url="..." data-diagram-notes='{"element": {"text": "3 waiting", "short": "3", "late": true, "href": "/..."}}'>
// and, with data-diagram-tour='["element", ...]', lets people go from one of these elements to the next.
// Where the diagram is too small to be read only what is short is written, at the size of the page's text.
import './viewer.js';
import './instances.css';

const READABLE = 0.5;

function label({ late, href }, text) {
  const note = document.createElement(href ? 'a' : 'span');
  note.className = `diagram-note${late ? ' diagram-note--late' : ''}`;
  note.textContent = text;
  if (href) note.href = href;
  return note;
}

function tour(goTo, stops) {
  const next = document.createElement('button');
  let turn = 0;
  next.type = 'button';
  next.className = 'diagram-control';
  next.textContent = 'Go to next waiting step';
  next.addEventListener('click', () => {
    goTo(stops[turn % stops.length]);
    turn += 1;
  });
  return next;
}

document.addEventListener('diagram-ready', ({ target, detail: { viewer, goTo } }) => {
  const shapes = viewer.get('elementRegistry');
  const overlays = viewer.get('overlays');
  for (const [id, note] of Object.entries(JSON.parse(target.dataset.diagramNotes || '{}'))) {
    if (!shapes.get(id)) continue;
    overlays.add(id, { position: { bottom: 4, left: 0 }, html: label(note, note.text), show: { minZoom: READABLE } });
    if (!note.short) continue;
    const small = label(note, note.short);
    // The whole note can be reached by the keyboard; twice would be once too often.
    small.tabIndex = -1;
    small.title = note.text.replaceAll('\n', ', ');
    overlays.add(id, { position: { top: 0, left: 0 }, html: small, show: { maxZoom: READABLE }, scale: { min: 1 } });
  }
  const stops = JSON.parse(target.dataset.diagramTour || '[]').map((id) => shapes.get(id)).filter(Boolean);
  if (stops.length) target.querySelector('.diagram-controls').append(tour(goTo, stops));
});
