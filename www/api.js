// The application server's routes, one function each. A request that fails throws an ApiError. No DOM here.

/** The server refused (`status` and its own words), or did not answer (`status` null). */
export class ApiError extends Error {
  constructor(status, message, hint) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.hint = hint;
  }
}

const call = async (path, options) => {
  let response;
  try {
    response = await fetch(path, { cache: 'no-store', ...options });
  } catch {
    throw new ApiError(null, 'The server does not answer.', 'Start it with cargo run --bin server, then try again.');
  }
  if (response.ok) return response;
  // A proxy in between, for example, answers without our JSON.
  const { error, hint } = await response.json().catch(() => ({}));
  throw new ApiError(response.status, error ?? `The server answered ${response.status}.`, hint ?? 'Reload the page and try again.');
};

const post = async (path, message) => {
  const body = message && JSON.stringify(message);
  const response = await call(path, { method: 'POST', body, headers: body ? { 'Content-Type': 'application/json' } : {} });
  return response.json();
};

/** The server's public VAPID key, base64url: fetched each time, because the server may have made a new one. */
export const publicKey = async () => (await (await call('/vapid-public-key')).text()).trim();

/** How many subscriptions are stored, the newest, the last push, the addresses, the certificate, the command. */
export const status = async () => (await call('/status')).json();

/** Stores a subscription: `{stored, push}`, or `{stored}` alone when the endpoint was stored already. */
export const add = subscription => post('/add-subscription', subscription);

/** Removes an endpoint. Null when the server did not have it. */
export const remove = async endpoint => {
  try {
    return await post('/remove-subscription', { endpoint });
  } catch (error) {
    if (error.status !== 404) throw error;
    return null;
  }
};

/** Pushes to one endpoint: `{push}`, or `{scheduled}` when delayed. */
export const notifyMe = (endpoint, message) => post('/notify-me', { endpoint, ...message });

/** Pushes to every subscription: `{pushes}`, or `{scheduled}` when delayed. */
export const notifyAll = message => post('/notify-all', Object.keys(message).length ? message : null);
