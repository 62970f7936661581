// A form that does not exist yet, made from the properties of the task that needs it.

/** Asks for the new form's id and puts the form into the draft; returns the id, or null if called off. */
export function newForm(file, settings, proposed, name, forms) {
  const dialog = document.createElement('dialog');
  dialog.className = 'studio-dialog';
  dialog.setAttribute('aria-labelledby', 'new-form-title');
  dialog.innerHTML = `
    <form method="dialog">
      <h2 class="govuk-heading-m" id="new-form-title">Make a new form</h2>
      <div class="govuk-form-group">
        <label class="govuk-label" for="new-form-id">Id of the form</label>
        <p class="govuk-hint" id="new-form-hint">Small letters, numbers and underscores. It is also the file’s name.</p>
        <p class="govuk-error-message" id="new-form-error" hidden></p>
        <input class="govuk-input" id="new-form-id" type="text" autocomplete="off" aria-describedby="new-form-hint new-form-error">
      </div>
      <div class="govuk-button-group">
        <button type="submit" class="govuk-button">Make the form</button>
        <button type="button" class="govuk-button govuk-button--secondary">Cancel</button>
      </div>
    </form>`;
  const input = dialog.querySelector('input');
  const error = dialog.querySelector('#new-form-error');
  input.value = proposed;
  document.body.append(dialog);
  dialog.showModal();
  input.select();
  return new Promise((decided) => {
    const close = (id) => {
      dialog.remove();
      decided(id);
    };
    const refuse = (words) => {
      error.textContent = words;
      error.hidden = false;
      input.focus();
    };
    dialog.addEventListener('cancel', () => close(null));
    dialog.querySelector('[type=button]').addEventListener('click', () => close(null));
    dialog.querySelector('form').addEventListener('submit', async (event) => {
      event.preventDefault();
      const id = input.value.trim();
      if (!/^[a-z][a-z0-9_]*$/.test(id)) return refuse('Use small letters, numbers and underscores, beginning with a letter.');
      if (forms.some((form) => form.id === id)) return refuse('A form with this id exists. Choose it in the list, or use another id.');
      try {
        await file.create(settings.files, `forms/${id}.form`, JSON.stringify(empty(id, name), null, 2));
        return close(id);
      } catch (problem) {
        return refuse(problem.message);
      }
    });
  });
}

function empty(id, name) {
  const key = `${id}_notes`;
  return {
    components: [
      { type: 'textarea', key, label: name, id: key, validate: { required: true, maxLength: 2000 } },
    ],
    type: 'default',
    id,
    schemaVersion: 18,
  };
}
