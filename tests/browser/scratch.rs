//! scratch
use std::io::{Read, Write};
use std::net::TcpListener;
pub(crate) fn serve() -> u16 {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = l.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for s in l.incoming() {
            let mut s = s.unwrap();
            std::thread::spawn(move || {
            let mut b = [0u8; 8192];
            let n = s.read(&mut b).unwrap_or(0);
            let head = String::from_utf8_lossy(&b[..n]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("");
            let (ty, body) = match path {
                "/" => ("text/html", "<!doctype html><title>t</title><link rel=icon href='data:,'><p id=state>none</p><button id=ask>Ask</button><script>const s=document.querySelector('#state');navigator.serviceWorker.register('/sw.js').then(()=>navigator.serviceWorker.ready).then(()=>s.textContent='registered',e=>s.textContent=e.message);document.querySelector('#ask').onclick=async()=>{s.textContent=await Notification.requestPermission()}</script>"),
                "/sw.js" => ("text/javascript", "console.log('worker here');self.addEventListener('push', e=>{const d=e.data?e.data.text():'nothing';e.waitUntil(self.registration.showNotification('Push',{body:d}))});self.addEventListener('notificationclick',e=>{console.log('CLICK');e.notification.close();e.waitUntil((async()=>{for(const c of await clients.matchAll({type:'window',includeUncontrolled:true})){console.log(c.url, c.focused, c.visibilityState);return c.focus().then(x=>console.log('focused',x),x=>console.log('ERR '+x))};return clients.openWindow('/')})())})"),
                _ => ("text/plain", "nothing"),
            };
            let _ = write!(s, "HTTP/1.1 200 OK\r\nContent-Type: {ty}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            });
        }
    });
    port
}
