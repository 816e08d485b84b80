//! The files the pages are made of, embedded in the program.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::api::Problem;
use super::language::Language;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const DATA: &str = "application/json";
const IMAGE: &str = "image/svg+xml";

macro_rules! page_file {
    ($name:literal) => {
        include_str!(concat!("../../pages/", $name))
    };
}

/// `GET /assets/{name}`.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let (kind, content) = match name.as_str() {
        "portal.css" => (STYLE, page_file!("portal.css")),
        "web-eid-page.js" => (SCRIPT, page_file!("web-eid-page.js")),
        "api.js" => (SCRIPT, page_file!("api.js")),
        "status.js" => (SCRIPT, page_file!("status.js")),
        "local-time.js" => (SCRIPT, page_file!("local-time.js")),
        "front.js" => (SCRIPT, page_file!("front.js")),
        "home.js" => (SCRIPT, page_file!("home.js")),
        "icon.svg" => (IMAGE, page_file!("icon.svg")),
        "tls.js" => (SCRIPT, page_file!("tls.js")),
        "seal.svg" => (IMAGE, page_file!("seal.svg")),
        "texts.ja.json" => (DATA, Language::Japanese.json()),
        "texts.en.json" => (DATA, Language::English.json()),
        _ => return Problem::NOT_FOUND.into_response(),
    };
    file(kind, content)
}

/// `GET /favicon.ico`, which browsers ask for unbidden.
pub(crate) async fn icon() -> Response {
    file(IMAGE, page_file!("icon.svg"))
}

/// The program may be newer at the next visit, so nothing is kept unasked.
fn file(kind: &'static str, content: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], content).into_response()
}
