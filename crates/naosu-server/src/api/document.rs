//! The document (OpenAPI 3.1): what the handlers say of themselves, and what holds for all of them.

use naosu_core::knowledge::Knowledge;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::OpenApi;

use super::problem::{MEDIA_TYPE, Problem};
use super::{evidence, known};

/// The document as JSON.
pub(super) fn document(openapi: &OpenApi, knowledge: &Knowledge) -> String {
    let mut document = serde_json::to_value(openapi).expect("the document is plain data");
    document["info"] = json!({
        "title": "Naosu",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Finds out why mail or an Apple account stopped working, and gives the next step",
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["tags"] = json!([
        { "name": "cases", "description": "One trouble from the first words to the end" },
        { "name": "words", "description": "What words say" },
        { "name": "evidence", "description": "What was measured" },
        { "name": "knowledge", "description": "What is known of causes, symptoms and actions" },
        { "name": "helping", "description": "For helpers" },
        { "name": "administration", "description": "For administrators" },
    ]);
    let operations = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in operations {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete(path, method, operation);
        }
    }
    let components = &mut document["components"];
    components["securitySchemes"] = json!({
        "case": {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "`Case` and the secret of a case's link, with a space between; the case is then `own`.",
        },
        "token": { "type": "http", "scheme": "bearer", "description": "A token of a helper or an administrator." },
    });
    let schemas = &mut components["schemas"];
    schemas["Problem"] = serde_json::to_value(Problem::schema()).expect("a schema is plain data");
    for (name, schema) in evidence::components() {
        schemas[name] = schema;
    }
    for (name, list) in [("Device", "device"), ("Client", "client"), ("Service", "service")] {
        let mut values = knowledge.taxonomy.values.get(list).cloned().unwrap_or_default();
        debug_assert!(known(knowledge, list, "unknown"), "an unknown value is taken everywhere");
        if !values.iter().any(|value| value == "unknown") {
            values.push("unknown".to_owned());
        }
        schemas[name]["enum"] = values.into();
    }
    document.to_string()
}

/// What holds for every operation: how it can be refused, and who may ask.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let parts: Vec<String> = operation.as_object().map(|it| it.keys().cloned().collect()).unwrap_or_default();
    let has = |part: &str| parts.iter().any(|there| there == part);
    let parameters = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let any = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let of_case = path.contains("{case}");
    let mut refusals = vec![(429, "Too often: try again after the time that is told"), (500, "We failed")];
    if has("requestBody") {
        refusals.extend([
            (400, "The body is not JSON, or a parameter is wrong"),
            (413, "The body is too large (256 KB)"),
            (415, "The body is not `application/json`"),
            (422, "The body is not as described"),
        ]);
    }
    if any("query") {
        refusals.push((400, "The body is not JSON, or a parameter is wrong"));
    }
    if any("path") {
        refusals.push((404, "There is no such thing"));
    }
    if of_case || has("security") {
        refusals.push((401, "Nobody says who they are, or nobody knows them"));
    }
    if has("security") || method != "get" {
        refusals.push((403, "Not allowed to this token, or sent by a page of another site"));
    }
    if of_case && !has("security") {
        // the secret in the path is as good as one in the header
        operation["security"] = json!([{}, { "case": [] }, { "token": [] }]);
    } else if !has("security") {
        operation["security"] = json!([]);
    }
    if let Some(content) = operation.pointer_mut("/requestBody/content") {
        bytes(content);
    }
    let responses = operation["responses"].as_object_mut().expect("every operation says what it answers");
    responses.values_mut().filter_map(|response| response.get_mut("content")).for_each(bytes);
    for (status, description) in refusals {
        responses.entry(status.to_string()).or_insert_with(|| json!({ "description": description }));
    }
    // of the layer around all pages: no body
    responses.insert("408".to_owned(), json!({ "description": "It took too long" }));
    for (status, response) in responses.iter_mut().filter(|(status, _)| *status != "408") {
        if status.starts_with(['4', '5']) {
            problem(status, response);
        }
    }
}

/// What is no text is bytes: in OpenAPI 3.1 a string whose media type says what it is.
fn bytes(content: &mut Value) {
    let media = content.as_object_mut().into_iter().flatten();
    for (kind, body) in media.filter(|(kind, _)| kind.starts_with("image/") || *kind == "application/zip") {
        body["schema"] = json!({ "type": "string", "contentMediaType": kind });
    }
}

fn problem(status: &str, response: &mut Value) {
    response["content"] = json!({ MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let mut headers = Map::new();
    if status == "401" {
        headers.insert("WWW-Authenticate".to_owned(), json!({ "schema": { "type": "string" } }));
    }
    if status == "429" {
        headers.insert(
            "Retry-After".to_owned(),
            json!({ "description": "In seconds", "schema": { "type": "integer", "minimum": 1 } }),
        );
    }
    if !headers.is_empty() {
        response["headers"] = headers.into();
    }
}
