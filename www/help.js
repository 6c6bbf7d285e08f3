// The help sections: which are shown, and the addresses and commands in them.

import { $, setText } from './dom.js';
import { pushServiceHelp } from './problems.js';

const HELP = ['server', 'insecure', 'certificate', 'ios', 'unsupported', 'denied', 'dismissed', 'push-service', 'brave', 'private'];

const helpFor = (state, can) => {
  const cases = new Set(Object.values(state.problems).flatMap(problem => problem?.help ?? []));
  const complete = can.worker && can.push && can.notifications;
  if (state.serverUp === false) cases.add('server');
  if (!can.secure) cases.add('insecure');
  if (can.secure && !complete) cases.add(can.ios ? 'ios' : 'unsupported');
  // An insecure context also reports "denied", but no setting changes that.
  if (can.secure && can.permission === 'denied') cases.add('denied');
  if (state.waiting) pushServiceHelp(can.brave).forEach(each => cases.add(each));
  return cases;
};

const link = (selector, url) => {
  for (const anchor of document.querySelectorAll(selector)) {
    if (url) anchor.href = url;
  }
};

// Starts the browser that shows this page, by its name on this operating system.
const chromeCommand = (https, hash) => {
  const brands = navigator.userAgentData?.brands.map(({ brand }) => brand) ?? [];
  const chromium = brands.includes('Chromium') && brands.every(brand => !/Google Chrome|Edge|Brave|Opera/.test(brand));
  const flags = `--ignore-certificate-errors-spki-list=${hash} ${https}`;
  if (/Win/.test(navigator.platform)) return `start chrome --user-data-dir="%TEMP%\\barepush-chrome" ${flags}`;
  const program = /Mac/.test(navigator.platform) ? 'open -na "Google Chrome" --args' : chromium ? 'chromium' : 'google-chrome';
  return `${program} --user-data-dir=/tmp/barepush-chrome ${flags}`;
};

/** Shows the sections that apply. */
export const renderHelp = (state, can) => {
  const cases = helpFor(state, can);
  for (const name of HELP) $(`help-${name}`).hidden = !cases.has(name);
  const { http, https, certificate } = state.server ?? {};
  link('.http-link', http);
  link('.https-link', https);
  for (const item of document.querySelectorAll('.needs-http')) item.hidden = !http;
  if (http) setText('adb-command', `adb reverse tcp:${new URL(http).port} tcp:${new URL(http).port}`);
  setText('chrome-command', chromeCommand(https ?? location.origin, certificate?.spki_sha256 ?? '…'));
  setText('certutil-command', certificate?.certutil ?? '…');
};
