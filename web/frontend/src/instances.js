// Writes notes at the elements of a diagram that the viewer shows:
//   <div data-diagram-url="..." data-diagram-notes='{"element": {"text": "3 waiting", "late": true, "href": "/..."}}'>
import './viewer.js';
import './instances.css';

function label({ text, late, href }) {
  const note = document.createElement(href ? 'a' : 'span');
  note.className = `diagram-note${late ? ' diagram-note--late' : ''}`;
  note.textContent = text;
  if (href) note.href = href;
  return note;
}

document.addEventListener('diagram-ready', ({ target, detail: { viewer } }) => {
  const shapes = viewer.get('elementRegistry');
  const overlays = viewer.get('overlays');
  for (const [id, note] of Object.entries(JSON.parse(target.dataset.diagramNotes || '{}'))) {
    if (!shapes.get(id)) continue;
    overlays.add(id, { position: { bottom: 6, left: 4 }, html: label(note), show: { minZoom: 0.3 } });
  }
});
