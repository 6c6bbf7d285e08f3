// The application server's routes, one function each. Every failure is a ServerError. No DOM here.

/** A refusal (`status` and the server's own words) or no answer at all (`status` null). */
export class ServerError extends Error {
  constructor(status, says, hint) {
    super(says);
    this.name = 'ServerError';
    this.status = status;
    this.hint = hint;
  }
}

const call = async (path, options) => {
  let response;
  try {
    response = await fetch(path, { cache: 'no-store', ...options });
  } catch {
    throw new ServerError(null, 'The server does not answer.', 'Start it with cargo run --bin server, then try again.');
  }
  if (response.ok) return response;
  // Something in between, a proxy say, may answer without our JSON.
  const { error, hint } = await response.json().catch(() => ({}));
  throw new ServerError(response.status, error ?? `The server answered ${response.status}.`, hint ?? 'Reload the page and try again.');
};

const post = async (path, message) => {
  const body = message && JSON.stringify(message);
  const response = await call(path, { method: 'POST', body, headers: body ? { 'Content-Type': 'application/json' } : {} });
  return response.json();
};

/** The server's public VAPID key, base64url: fetched each time, because a copy goes stale when the server makes a new one. */
export const publicKey = async () => (await (await call('/vapid-public-key')).text()).trim();

/** How many are stored, the newest, the last push, the addresses, the certificate, the command. */
export const status = async () => (await call('/status')).json();

/** Stores a subscription: `{stored, push}`, or `{stored}` alone when the endpoint was known. */
export const add = subscription => post('/add-subscription', subscription);

/** Forgets an endpoint. One the server does not know is as good as forgotten. */
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
