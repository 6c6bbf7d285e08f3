user_pref("dom.push.serverURL", "ws://127.0.0.1:PORT/");
// ws: instead of wss:
user_pref("dom.push.testing.allowInsecureServerURL", true);
// The default, unless a test driver's own preferences say otherwise.
user_pref("dom.push.connection.enabled", true);
// Firefox draws notifications itself: a desktop without a notification daemon shows them too.
user_pref("alerts.useSystemBackend", false);

// Until here also shown to a learner with a Firefox of their own. These make Firefox ask nothing at its first start.
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
