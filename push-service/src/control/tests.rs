//! `openapi.json` describes the routes that there are.
#![allow(clippy::unwrap_used)]

use super::ROUTES;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn openapi_json_describes_the_routes_that_there_are() {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let routes: BTreeSet<_> = ROUTES.iter().map(|(method, path, _)| (method.to_string(), path.to_string())).collect();
    assert_eq!(described, routes);
}
