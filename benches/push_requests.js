// Subscribes with a push service and prepares pushes with npm's web-push, as a script for wrk:
// node push_requests.js SUBSCRIBE_URL COUNT > requests.lua
const webpush = require('web-push');

const [url, count] = process.argv.slice(2);
const vapidDetails = { subject: 'mailto:push@example.com', ...webpush.generateVAPIDKeys() };
const payload = JSON.stringify({ title: 'barepush', body: 'x'.repeat(70) });
const lua = (bytes) => '"' + Array.from(bytes, (byte) => '\\' + String(byte).padStart(3, '0')).join('') + '"';

const prepare = async () => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ applicationServerKey: vapidDetails.publicKey }),
  });
  const answer = await response.json();
  const subscription = answer.data || answer;
  const details = webpush.generateRequestDetails(subscription, payload, { vapidDetails, TTL: 60, contentEncoding: 'aes128gcm' });
  const { pathname, search } = new URL(details.endpoint);
  const headers = Object.entries(details.headers).filter(([name]) => name !== 'Content-Length');
  const fields = headers.map(([name, value]) => `[${lua(Buffer.from(name))}]=${lua(Buffer.from(String(value)))}`);
  return `{${lua(Buffer.from(pathname + search))}, {${fields.join(',')}}, ${lua(details.body)}}`;
};

Promise.all(Array.from({ length: Number(count) }, prepare)).then((pushes) => {
  console.log(`local pushes = {\n${pushes.join(',\n')}\n}
local requests, next = {}, 0
init = function()
  for i, push in ipairs(pushes) do requests[i] = wrk.format("POST", push[1], push[2], push[3]) end
end
request = function()
  next = next % #requests + 1
  return requests[next]
end`);
});
