import { initAll } from 'govuk-frontend';
import { initAll as initCasework } from '@ministryofjustice/frontend';
import 'govuk-frontend/dist/govuk/govuk-frontend.min.css';
import '@ministryofjustice/frontend/moj/moj-frontend.min.css';

// The components look for these classes; set here, the page needs no inline script.
document.body.classList.add('js-enabled', 'govuk-frontend-supported');
initAll();
initCasework();
