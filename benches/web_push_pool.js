// npm's web-push as its documentation uses it, a pool of senders over one list: node web_push_pool.js FILE POOL PAYLOAD
// VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY in the environment. Prints how many were accepted; fails unless all were.
const fs = require('fs');
const webpush = require('web-push');

const [file, pool, payload] = process.argv.slice(2);
webpush.setVapidDetails('mailto:push@example.com', process.env.VAPID_PUBLIC_KEY, process.env.VAPID_PRIVATE_KEY);
const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
let next = 0;
let accepted = 0;

const sender = async () => {
  while (next < lines.length) {
    const { statusCode } = await webpush.sendNotification(JSON.parse(lines[next++]), payload);
    accepted += statusCode === 201 ? 1 : 0;
  }
};

Promise.all(Array.from({ length: Number(pool) }, sender)).then(() => {
  console.log(accepted);
  process.exitCode = accepted === lines.length ? 0 : 1;
});
