// From an exception to what the page shows: `says` (what failed), `hint` (what to do next), and `help`, which names the
// sections `help-<name>` of index.html that explain more.

import { ApiError } from './api.js';

/** The server's and the browser's messages are fragments; the page shows sentences. */
export const sentence = fragment => {
  const text = fragment.trim();
  return text && text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? '' : '.');
};

const fromApi = error => ({ says: sentence(error.message), hint: sentence(error.hint), help: error.status === null ? ['server'] : [] });

/** Why `register()` failed. */
export const registrationProblem = error => {
  if (error instanceof ApiError) return fromApi(error);
  // Browsers have changed the message over the years and never name the certificate, and isSecureContext is true on such a
  // page. A SecurityError on https is the only sign.
  if (error.name === 'SecurityError' && location.protocol === 'https:') {
    return { says: 'The browser refused the service worker: it does not trust this certificate.', hint: 'Use one of the ways below.', help: ['certificate'] };
  }
  if (error.name === 'SecurityError') {
    return { says: 'The browser refused the service worker.', hint: 'Allow this address to keep data on the device (cookies), outside a private window.', help: ['unsupported'] };
  }
  return { says: sentence(`The service worker could not be registered: ${error.message}`), hint: 'Check that the server runs and that /sw.js opens, then press Register again.', help: [] };
};

/** Why there is no subscription. */
export const subscriptionProblem = (error, { permission, brave }) => {
  if (error instanceof ApiError) return fromApi(error);
  if (permission === 'denied') return permissionDenied;
  if (/permission denied/i.test(error.message)) {
    return { says: 'The browser refused to subscribe although notifications are allowed.', hint: 'Use an ordinary window: private windows refuse.', help: ['private'] };
  }
  switch (error.name) {
    case 'AbortError':
      return { says: sentence(`The browser got no subscription from its push service: ${error.message}`), hint: 'Check the connection as described below, then subscribe again.', help: pushServiceHelp(brave) };
    case 'NotAllowedError':
      return { says: 'The browser did not allow the subscription.', hint: 'Press Subscribe and choose Allow.', help: ['dismissed'] };
    case 'InvalidStateError':
      return { says: 'This browser still has a subscription with another VAPID key.', hint: 'Reload the page: it compares the keys and subscribes again.', help: [] };
    case 'InvalidAccessError':
    case 'InvalidCharacterError':
      return { says: 'The browser does not accept the server’s VAPID key.', hint: 'Open /vapid-public-key: it must be 87 base64url characters, a point on P-256.', help: [] };
    default:
      return { says: sentence(`The browser could not subscribe: ${error.message}`), hint: 'Reload the page and subscribe again.', help: [] };
  }
};

/** Which sections help when the push service does not answer. */
export const pushServiceHelp = brave => (brave ? ['brave', 'push-service'] : ['push-service']);

/** The user chose Block, or the browser decided so. */
export const permissionDenied = { says: 'Notifications are blocked for this address.', hint: 'Allow them as described below, then subscribe again.', help: ['denied'] };

/** The user closed the prompt without an answer. */
export const permissionDismissed = { says: 'The permission prompt was closed without an answer.', hint: 'Press Subscribe again and choose Allow.', help: ['dismissed'] };

/** The time of a scheduled push is over. */
export const scheduledNotReported = { says: 'The server has not reported the scheduled push.', hint: 'A server that was stopped meanwhile has dropped it: send it again.', help: [] };

/** Why any other action failed. */
export const otherProblem = error =>
  error instanceof ApiError ? fromApi(error) : { says: sentence(`That failed: ${error.message}`), hint: 'Reload the page and try again.', help: [] };
