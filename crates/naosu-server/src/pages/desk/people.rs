//! Who helps: for administrators.

use askama::Template;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Frame, time};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::helpers::{self, Role, Session, Unfit, folded};
use crate::pages::{PageFailure, failed, go_to, show};
use crate::wording::Wording;

const PATH: &str = "/desk/helpers";

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route(PATH, get(people).post(add))
        .route("/desk/helpers/remove", post(remove))
        .route("/desk/helpers/password", post(password))
}

/// A helper in the list.
struct Person {
    name: String,
    administrator: bool,
    since: String,
    /// Oneself: who may not be removed.
    own: bool,
}

#[derive(Template)]
#[template(path = "desk/people.html")]
struct PeoplePage<'a> {
    f: Frame,
    people: Vec<Person>,
    trouble: Option<&'a str>,
}

async fn people(State(desk): State<Desk>, session: Session, w: Wording) -> Result<Response, PageFailure> {
    session.manages().map_err(failed(w))?;
    page(&desk, session, w, None).await
}

async fn page(
    desk: &Desk,
    session: Session,
    w: Wording,
    unfit: Option<Unfit>,
) -> Result<Response, PageFailure> {
    let rows = desk.store.helpers().await.map_err(failed(w))?;
    let people = rows.into_iter().map(|row| Person {
        administrator: Role::of(&row.role) == Some(Role::Administrator),
        since: time(row.made_at),
        own: row.id == session.id,
        name: row.name,
    });
    let people = people.collect();
    let status = if unfit.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let trouble = unfit.map(|unfit| unfit.text(w));
    Ok(show(status, &PeoplePage { f: Frame { w, session, part: "helpers" }, people, trouble }))
}

/// What the forms send.
#[derive(Deserialize)]
struct Sent {
    token: String,
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    role: String,
}

async fn add(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Form(form): Form<Sent>,
) -> Result<Response, PageFailure> {
    allowed(&session, &form).map_err(failed(w))?;
    let role = Role::of(&form.role).unwrap_or(Role::Helper);
    let made = helpers::add(&desk.store, &form.name, role, form.password).await;
    answer(&desk, session, w, made).await
}

async fn password(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Form(form): Form<Sent>,
) -> Result<Response, PageFailure> {
    allowed(&session, &form).map_err(failed(w))?;
    let changed = helpers::change_password(&desk.store, &form.name, form.password).await;
    answer(&desk, session, w, changed).await
}

async fn remove(
    State(desk): State<Desk>,
    session: Session,
    w: Wording,
    Form(form): Form<Sent>,
) -> Result<Response, PageFailure> {
    allowed(&session, &form).map_err(failed(w))?;
    // so that one administrator is always left
    if folded(&form.name) == session.name {
        return Err(failed(w)(Failure::NotAllowed));
    }
    let removed = desk.store.remove_helper(&folded(&form.name)).await.map_err(failed(w))?;
    answer(&desk, session, w, if removed { Ok(()) } else { Err(Unfit::Nobody.into()) }).await
}

fn allowed(session: &Session, form: &Sent) -> Result<(), Failure> {
    session.sent(&form.token)?;
    session.manages()
}

async fn answer(
    desk: &Desk,
    session: Session,
    w: Wording,
    done: anyhow::Result<()>,
) -> Result<Response, PageFailure> {
    match done {
        Ok(()) => Ok(go_to(PATH)),
        Err(error) => match error.downcast_ref::<Unfit>() {
            Some(unfit) => page(desk, session, w, Some(*unfit)).await,
            None => Err(failed(w)(Failure::Ours(error))),
        },
    }
}
