//! Answers as push services give them, read.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use ureq::Body;
use ureq::http::Response;

use super::Answer;
use crate::push::{Header, PushRequest};

const ENDPOINT: &str = "https://fcm.googleapis.com/fcm/send/dQw4w9WgXcQ:APA91bHun4MxP5egoKMwt2KZFBaFUH";

fn read(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    read_from(ENDPOINT, status, headers, body)
}

fn read_from(endpoint: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let request = PushRequest {
        endpoint: crate::push::Endpoint::parse(endpoint).unwrap(),
        headers: vec![Header {
            name: "Authorization",
            value: "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJh.c2ln, k=BNcRd".into(),
            meaning: "",
        }],
        body: Vec::new(),
        derived: Vec::new(),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Answer::read(response.body(Body::builder().data(body)).unwrap(), &request)
}

#[test]
fn each_push_service_s_words_are_found_where_it_puts_them() {
    let mozilla =
        r#"{"code":401,"errno":109,"error":"Unauthorized","message":"InvalidSignature","more_info":"http://x"}"#;
    let page = "<HTML>\n<HEAD>\n<TITLE>UnauthorizedRegistration</TITLE>\n</HEAD><BODY><H1>Error 400</H1></BODY></HTML>";
    let [firefox, chrome, safari, edge] = [
        "https://updates.push.services.mozilla.com/wpush/v2/x",
        ENDPOINT,
        "https://web.push.apple.com/x",
        "https://wns2-db5p.notify.windows.com/w/?token=x",
    ];
    for (endpoint, headers, body, expected) in [
        (firefox, &[][..], mozilla, "401 Unauthorized: InvalidSignature (errno 109)"),
        (safari, &[], r#"{"reason":"BadJwtToken"}"#, "401 Unauthorized: BadJwtToken"),
        (chrome, &[], "invalid JWT provided\n", "401 Unauthorized: invalid JWT provided"),
        (chrome, &[], page, "401 Unauthorized: UnauthorizedRegistration"),
        (
            edge,
            &[("X-WNS-Error-Description", "Ttl conflicts"), ("X-WNS-Status", "dropped")],
            "",
            "401 Unauthorized: Ttl conflicts",
        ),
        (edge, &[("X-WNS-Status", "dropped")], "ignored", "401 Unauthorized: dropped"),
        (edge, &[("X-WNS-NotificationStatus", "channelthrottled")], "", "401 Unauthorized: channelthrottled"),
        (edge, &[], "", "401 Unauthorized"),
        (firefox, &[], "{}", "401 Unauthorized: {}"),
        (firefox, &[], r#"{"errno":109}"#, "401 Unauthorized (errno 109)"),
        (safari, &[], page, "401 Unauthorized: UnauthorizedRegistration"),
    ] {
        assert_eq!(read_from(endpoint, 401, headers, body).in_its_words(), expected);
        // A local push service may stand in for any of them.
        assert_eq!(read_from("http://localhost:8082/x", 401, headers, body).in_its_words(), expected);
    }
}

#[test]
fn an_answer_that_repeats_the_endpoint_or_the_token_gives_nothing_away() {
    let path = ENDPOINT.split_once(".com").unwrap().1;
    for (body, expected) in [
        (
            format!("The requested URL <code>{path}</code> was not found"),
            "The requested URL <code>…</code> was not found",
        ),
        (format!("no such endpoint: {ENDPOINT}"), "no such endpoint: …"),
        (
            {
                let (one, two) = ENDPOINT.split_at(ENDPOINT.len() - 12);
                format!("in halves: {one}\u{7}{two}")
            },
            "in halves: …",
        ),
        (format!("token={}, of ä", ENDPOINT.rsplit('/').next().unwrap()), "token=…, of ä"),
        ("bad token eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJh.c2ln".into(), "bad token …"),
        ("two\nlines \u{7} and a bell".into(), "two lines  and a bell"),
    ] {
        assert_eq!(read(404, &[], &body).reason.unwrap(), expected);
    }
}

#[test]
fn debug_shows_no_location() {
    let answer = read(201, &[("Location", "https://push.example/m/secret-location")], "");
    assert_eq!(format!("{answer:?}"), "Answer(201 Created)");
}

#[test]
fn a_reason_is_cut_at_300_characters_and_an_answer_at_4_kib() {
    assert_eq!(read(400, &[], &"ä ".repeat(9000)).reason.unwrap().chars().count(), 300);
}

#[test]
fn the_time_to_wait_is_seconds_or_a_date_by_the_push_service_s_own_clock() {
    let date = ("Date", "Sat, 01 Jan 2000 00:00:00 GMT");
    for (value, expected) in [
        ("120", Some(120)),
        (" 7 ", Some(7)),
        ("Sat, 01 Jan 2000 00:01:30 GMT", Some(90)),
        ("Fri, 31 Dec 1999 00:00:00 GMT", Some(0)),
        ("soon", None),
        ("-1", None),
    ] {
        let answer = read(429, &[date, ("Retry-After", value)], "");
        assert_eq!(answer.retry_after, expected.map(Duration::from_secs), "{value}");
    }
}

#[test]
fn a_message_is_named_by_the_end_of_its_location_and_never_by_more_than_half() {
    for (location, expected) in [
        ("https://push.example/m/gAAAAABkabcdefgh", Some("abcdefgh")),
        ("/m/sixteen-letters.", Some("letters.")),
        ("/m/eight-ch", Some("t-ch")),
        ("/m/short", Some("rt")),
        ("/m/x", None),
        ("https://push.example/m/", None),
    ] {
        assert_eq!(read(201, &[("Location", location)], "").message_id(), expected);
    }
    assert_eq!(read(201, &[], "").message_id(), None);
}
