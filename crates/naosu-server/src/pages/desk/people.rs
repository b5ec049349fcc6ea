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
    let trouble = unfit.map(|unfit| told(unfit, w));
    Ok(show(status, &PeoplePage { f: Frame { w, session, part: "helpers" }, people, trouble }))
}

fn told(unfit: Unfit, w: Wording) -> &'static str {
    match unfit {
        Unfit::Name => w.pick("The name must have 1 to 64 letters.", "名前は1〜64文字で入力してください。"),
        Unfit::Taken => w.pick("Somebody has that name already.", "その名前はすでに使われています。"),
        Unfit::Nobody => w.pick("There is nobody of that name.", "その名前の人はいません。"),
        Unfit::Password => w.pick(
            "The password must have 12 characters or more; several words do well.",
            "パスワードは12文字以上にしてください。いくつかの言葉を並べると覚えやすくなります。",
        ),
    }
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
