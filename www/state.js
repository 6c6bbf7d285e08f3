// The page's one state object; `render` draws it, `run` runs an action on it.

import { ApiError } from './api.js';
import { $ } from './dom.js';
import { otherProblem } from './problems.js';
import { capabilities } from './push.js';
import { render as draw } from './view.js';

export const state = {
  looked: false, // for a registration
  registration: undefined,
  subscription: null,
  workerVersion: null,
  serverUp: null, // null: not known yet
  server: null, // the answer of /status
  serverKey: null,
  serverRefusal: '',
  asking: false, // the permission prompt is open
  waiting: false, // the push service is slow
  busy: new Set(), // ids of the buttons whose action is running
  problems: { registration: null, subscription: null, notification: null },
  note: '',
  nobody: false, // notify-all found no subscription
  scheduled: null, // the delayed push that the server has promised: {seconds, all, after}
  outcome: null, // the results of the last push, or of the last push to all: {pushes, counts}
  progress: {}, // how far the last push to this browser came
  events: [],
  showSecrets: false,
};

export const render = () => draw(state);

// A button that disables itself loses the keyboard's focus; the next step gets it.
const NEXT = { register: 'subscribe', unregister: 'register', subscribe: 'notify-me', unsubscribe: 'subscribe' };

const keepFocus = name => {
  const button = $(name);
  const lost = document.activeElement === document.body || document.activeElement === button;
  if (lost) (button.disabled ? $(NEXT[name]) : button)?.focus();
};

/**
 * Runs the action of button `name`: busy meanwhile, a failure shown at its step (`explain` words it), the focus kept.
 * Returns whether it succeeded.
 */
export const run = async (step, name, action, explain = otherProblem) => {
  if (state.busy.has(name)) return false;
  const focused = document.activeElement === $(name);
  let done = true;
  state.busy.add(name);
  state.problems[step] = null;
  render();
  try {
    await action();
  } catch (error) {
    done = false;
    state.problems[step] = explain(error, capabilities());
    if (error instanceof ApiError && error.status === null) state.serverUp = false;
  }
  state.busy.delete(name);
  render();
  if (focused) keepFocus(name);
  return done;
};
