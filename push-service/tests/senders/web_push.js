// npm web-push against the push service: subscribes, sends, reads back, meets 429 and 410. Prints one line a step.
// node web_push.js CONTROL VENDOR, with HTTPS_PROXY and NODE_EXTRA_CA_CERTS as `push-service --env` prints them.
"use strict";
const webpush = require("web-push");

const [control, vendor] = process.argv.slice(2);
const keys = webpush.generateVAPIDKeys();

async function call(method, path, body) {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const response = await fetch(control + path, { method, headers, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
}

// The status, and the body of a refusal. Node's https does not read HTTPS_PROXY, web-push has an option for it.
async function send(subscription) {
    const options = {
        vapidDetails: { subject: "mailto:test@example.com", publicKey: keys.publicKey, privateKey: keys.privateKey },
        TTL: 60,
        proxy: process.env.HTTPS_PROXY,
    };
    try {
        return { status: (await webpush.sendNotification(subscription, "hello", options)).statusCode };
    } catch (error) {
        if (!error.statusCode) throw error;
        return { status: error.statusCode, retryAfter: error.headers["retry-after"] };
    }
}

async function main() {
    const subscription = await call("POST", "/control/subscriptions", { vendor, applicationServerKey: keys.publicKey });
    const name = encodeURIComponent(subscription.endpoint);
    console.log("sent", (await send(subscription)).status);
    const { messages } = await call("GET", `/control/messages?subscription=${name}&wait=5`);
    console.log("read", messages[0].payload, messages[0].claims.sub);
    await call("POST", "/control/answers", { subscription: subscription.endpoint, status: 429, retry_after: 7 });
    const busy = await send(subscription);
    console.log("busy", busy.status, busy.retryAfter);
    await call("DELETE", `/control/subscriptions?subscription=${name}`);
    console.log("gone", (await send(subscription)).status);
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
