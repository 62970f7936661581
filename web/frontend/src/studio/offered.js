// Menus offer what the service runs, and nothing that the checks would refuse.
const REFUSED = new RegExp(`^(?:replace-with|append|create)-(?:${[
  'task', '(?:script|manual|send|receive)-task', 'complex-gateway', 'parallel-event-based-instantiate-gateway', 'transaction',
  '.*event-subprocess', '.*ad-hoc-subprocess', '.*(?:conditional|link|signal|compensation|cancel)(?!-flow).*',
  '(?:message|timer|non-interrupting-(?:message|timer))-start', 'none-boundary-event', 'data-(?:object|store)-reference',
].join('|')})$`);
const MARKERS = ['toggle-parallel-mi', 'toggle-sequential-mi', 'toggle-loop', 'toggle-adhoc'];
const LATE = 400; // after every other provider

function Offered(contextPad, palette, popupMenu, elementFactory, autoPlace, create) {
  const userTask = () => elementFactory.createShape({ type: 'bpmn:UserTask' });

  contextPad.registerProvider(LATE, {
    getContextPadEntries: () => (entries) => {
      const place = (event, source) => create.start(event, userTask(), { source });
      return swapped(entries, 'append.append-task', 'append.user-task', {
        group: 'model',
        className: 'bpmn-icon-user-task',
        title: 'Append user task',
        action: { click: (_, source) => autoPlace.append(source, userTask()), dragstart: place },
      });
    },
  });

  palette.registerProvider(LATE, {
    getPaletteEntries: () => (entries) => {
      const place = (event) => create.start(event, userTask());
      const { 'create.data-object': object, 'create.data-store': store, ...offered } = entries;
      return swapped(offered, 'create.task', 'create.user-task', {
        group: 'activity',
        className: 'bpmn-icon-user-task',
        title: 'Create user task',
        action: { click: place, dragstart: place },
      });
    },
  });

  const only = {
    getPopupMenuEntries: () => (entries) => without(entries, (id) => REFUSED.test(id)),
    getPopupMenuHeaderEntries: () => (entries) => without(entries, (id) => MARKERS.includes(id)),
  };
  for (const menu of ['bpmn-replace', 'bpmn-append', 'bpmn-create']) popupMenu.registerProvider(menu, LATE, only);
}
Offered.$inject = ['contextPad', 'palette', 'popupMenu', 'elementFactory', 'autoPlace', 'create'];

export const offeredModule = { __init__: ['offered'], offered: ['type', Offered] };

function without(entries, refused) {
  return Object.fromEntries(Object.entries(entries).filter(([id]) => !refused(id)));
}

function swapped(entries, old, name, entry) {
  return Object.fromEntries(Object.entries(entries).map(([id, each]) => (id === old ? [name, entry] : [id, each])));
}
