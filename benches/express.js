// The page's files by Express over https: node express.js FOLDER KEY CERTIFICATE. Prints its port.
const fs = require('fs');
const https = require('https');
const express = require('express');

const [folder, key, cert] = process.argv.slice(2);
const app = express();
app.use(express.static(folder));
const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, app);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
