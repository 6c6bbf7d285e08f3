// From an exception to a sentence with the next thing to do, and the help section that tells more.
// `help` names the section `help-<name>` of index.html.

import { ServerError } from './server.js';

/** The server and the browser word failures as fragments; on the page they stand as sentences. */
export const sentence = fragment => {
  const text = fragment.trim();
  return text && text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? '' : '.');
};

const fromServer = error => ({ says: sentence(error.message), hint: sentence(error.hint), help: error.status === null ? ['server'] : [] });

/** Why `register()` was refused. */
export const refusedRegistration = error => {
  if (error instanceof ServerError) return fromServer(error);
  // The text changed over the years and never names the certificate, and isSecureContext is true on such a page:
  // a SecurityError on https is all there is to tell.
  if (error.name === 'SecurityError' && location.protocol === 'https:') {
    return { says: 'The browser refused the service worker: it does not trust this certificate.', hint: 'Use one of the ways below.', help: ['certificate'] };
  }
  if (error.name === 'SecurityError') {
    return { says: 'The browser refused the service worker.', hint: 'Allow this address to keep data on the device (cookies), outside a private window.', help: ['unsupported'] };
  }
  return { says: sentence(`The service worker could not be registered: ${error.message}`), hint: 'See that the server runs and that /sw.js opens, then press Register again.', help: [] };
};

/** Why there is no subscription. */
export const refusedSubscription = (error, { permission, brave }) => {
  if (error instanceof ServerError) return fromServer(error);
  if (permission === 'denied') return deniedPermission;
  if (/permission denied/i.test(error.message)) {
    return { says: 'The browser refused to subscribe although notifications are allowed.', hint: 'Use an ordinary window: private ones refuse.', help: ['private'] };
  }
  switch (error.name) {
    case 'AbortError':
      return { says: sentence(`The browser got no subscription from its push service: ${error.message}`), hint: 'Check the connection as told below, then subscribe again.', help: pushServiceHelp(brave) };
    case 'NotAllowedError':
      return { says: 'The browser did not allow the subscription.', hint: 'Press Subscribe and choose Allow.', help: ['dismissed'] };
    case 'InvalidStateError':
      return { says: 'A subscription with another VAPID key is still there.', hint: 'Reload the page: it compares the keys and subscribes anew.', help: [] };
    case 'InvalidAccessError':
    case 'InvalidCharacterError':
      return { says: 'The browser does not take the server’s VAPID key.', hint: 'Open /vapid-public-key: it must be 87 base64url characters, a point on P-256.', help: [] };
    default:
      return { says: sentence(`The browser could not subscribe: ${error.message}`), hint: 'Reload the page and subscribe again.', help: [] };
  }
};

/** Which sections help when the push service does not answer. */
export const pushServiceHelp = brave => (brave ? ['brave', 'push-service'] : ['push-service']);

/** The user, or the browser for them, said no. */
export const deniedPermission = { says: 'Notifications are blocked for this address.', hint: 'Lift the block as told below, then subscribe again.', help: ['denied'] };

/** The prompt was closed without an answer. */
export const dismissedPermission = { says: 'The permission prompt was closed without an answer.', hint: 'Press Subscribe again and choose Allow.', help: ['dismissed'] };

/** Any other failure of an action. */
export const failed = error =>
  error instanceof ServerError ? fromServer(error) : { says: sentence(`That failed: ${error.message}`), hint: 'Reload the page and try again.', help: [] };
