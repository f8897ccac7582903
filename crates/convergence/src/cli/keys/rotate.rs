//! `convergence keys rotate`.

use anyhow::{Context, bail, ensure};
use clap::{Arg, ArgAction, Command};
use gate::{Cell, Column, Row};
use serde::Serialize;

use super::create::Made;
use super::key::{Named, NewKey};
use super::show::{Shower, State, from_now};
use super::{Desk, create, say, when};
use crate::cli::table::{self, Format};
use crate::clock::rfc3339;
use crate::keys::edit::{Change, NewRow, Seen, index};

pub(super) fn command() -> Command {
    let grace = Arg::new("grace").long("grace").value_name("LENGTH").default_value("7d");
    let expires = Arg::new("expires").long("expires").value_name("WHEN");
    let again = Arg::new("again").long("again").action(ArgAction::SetTrue);
    Command::new("rotate")
        .about("Give the client a second key, print it, and let the old one expire after a grace period")
        .arg(
            Named::arg()
                .num_args(1..)
                .help("Fingerprints, whole keys, or - for one in each line of standard input"),
        )
        .arg(
            grace.help(
                "How long the old key still works: 30m, 24h, 7d or 2w; never longer than it did before",
            ),
        )
        .arg(
            expires
                .help(format!("When the new key expires: {}; without it, when the old one did", when::FORMS)),
        )
        .arg(create::hash_flag())
        .arg(again.help("Make another key although the key has been rotated before"))
        .arg(Format::flag_of_a_deed())
}

/// What was done, as JSON has it: the new key, and what becomes of the old one.
#[derive(Serialize)]
struct Rotated {
    #[serde(flatten)]
    new: Made,
    replaces: Replaced,
}

#[derive(Serialize)]
struct Replaced {
    fingerprint: String,
    expires_at: String,
}

pub(super) async fn run(desk: &Desk<'_>) -> anyhow::Result<()> {
    let named = Named::all_of(desk)?;
    let grace = when::length(desk.text("grace").unwrap_or_default()).context("--grace")?;
    for (at, one) in named.iter().enumerate() {
        if named.len() > 1 {
            desk.place.set(Some((at + 1, named.len())));
        }
        let done = || format!("{at} of {} keys were rotated before this one", named.len());
        let rotated = rotate(desk, one, grace).await;
        if named.len() > 1 { rotated.with_context(done)? } else { rotated? }
    }
    Ok(())
}

async fn rotate(desk: &Desk<'_>, named: &Named, grace: i64) -> anyhow::Result<()> {
    let seen = desk.look().await?;
    let old = rotatable(desk, named, &seen)?;
    let key = old.record.key;
    let fingerprint = key.fingerprint();
    let expires = seen.column(Column::ExpiresAt)?;
    let end = desk.now.unix.checked_add(grace).context("--grace is out of the calendar's reach")?;
    let ends_anyway = old.record.expires_at.filter(|expires| *expires <= end);
    if let (Some(ends), false) = (ends_anyway, desk.flags.get_flag("again"))
        && let Some(newer) = successor(desk, &seen, old)
    {
        return rotated_before(desk, &seen, old, newer, ends);
    }
    let new = NewKey::make();
    let row = copy(desk, &seen, old, &new)?;
    create::check(&seen, &row)?;
    let ends_new = desk.moment("expires", &seen)?.or(old.record.expires_at);
    // The new row first: whatever happens after it, the client has a key that works.
    let rows = create::add(desk, &new, &row).await?;
    let client_name = Shower::new(&seen, desk.now.unix).client(old).to_owned();
    let made = Made {
        fingerprint: new.hash().fingerprint().to_string(),
        client_name,
        expires_at: ends_new.map(rfc3339),
        rows,
    };
    let replaces =
        Replaced { fingerprint: fingerprint.to_string(), expires_at: rfc3339(ends_anyway.unwrap_or(end)) };
    let words = create::in_words(&made.rows);
    new.print(Format::of(desk.flags), &Rotated { new: made, replaces })?;
    say(&format!(
        "Key {} is in row {words}. Give it to the client; it is not shown again.",
        new.hash().fingerprint()
    ));
    if ends_anyway.is_none() {
        let by_hand = || {
            format!(
                "the new key works, but the old one does not expire yet: convergence keys expire {fingerprint} --at {}",
                rfc3339(end)
            )
        };
        let cell = desk.table.moment(end, &seen.rules.time_zone);
        let change = Change { key, row: index(old), cells: vec![(expires, cell)] };
        desk.change(&seen, &[change]).await.with_context(by_hand)?;
    }
    let end = ends_anyway.unwrap_or(end);
    say(&format!("Key {fingerprint} expires at {} ({}).", rfc3339(end), from_now(end, desk.now.unix)));
    Ok(())
}

/// Says that there is a newer key already. As JSON there is none that could be shown.
fn rotated_before(desk: &Desk<'_>, seen: &Seen, old: &Row, newer: &Row, ends: i64) -> anyhow::Result<()> {
    let [fingerprint, successor] = [old, newer].map(|row| row.record.key.fingerprint().to_string());
    say(&format!(
        "Key {fingerprint} expires at {} ({}) anyway, and its client has the newer key {successor} in row {}: it has \
         been rotated before. Nothing was changed; --again makes another key.",
        rfc3339(ends),
        from_now(ends, desk.now.unix),
        newer.record.row
    ));
    if Format::of(desk.flags) != Format::Json {
        return Ok(());
    }
    let new = Made {
        fingerprint: successor,
        client_name: Shower::new(seen, desk.now.unix).client(newer).to_owned(),
        expires_at: newer.record.expires_at.map(rfc3339),
        rows: vec![newer.record.row],
    };
    let replaces = Replaced { fingerprint, expires_at: rfc3339(ends) };
    table::print_json(&Rotated { new, replaces })
}

/// The one row of a key that works.
fn rotatable<'a>(desk: &Desk<'_>, named: &Named, seen: &'a Seen) -> anyhow::Result<&'a Row> {
    let key = named.find(seen)?;
    let fingerprint = key.fingerprint();
    let row = match seen.rows_of(key).as_slice() {
        [row] => *row,
        rows => {
            let rows: Vec<String> = rows.iter().map(|row| row.record.row.to_string()).collect();
            bail!("key {fingerprint} stands in rows {}; delete all but one of them first", rows.join(", "));
        }
    };
    let why = match State::of(&row.record, desk.now.unix) {
        State::Active | State::Duplicate => return Ok(row),
        State::Expired => "has expired",
        State::Revoked => "is revoked",
        State::Inactive => "is not active",
        State::Unreadable => "is in a row that cannot be read (convergence keys check)",
    };
    bail!("key {fingerprint} {why}; for a new key of this client: convergence keys create")
}

/// A newer key of the same client that works, outlives the old one, and was made with the same limits and restrictions:
/// what an earlier rotation leaves behind.
fn successor<'a>(desk: &Desk<'_>, seen: &'a Seen, old: &Row) -> Option<&'a Row> {
    let outlives = |row: &Row| row.record.expires_at.is_none_or(|end| Some(end) >= old.record.expires_at);
    let newer = |row: &Row| match (row.created_at, old.created_at) {
        (Some(new), Some(old)) => new > old,
        // The row of a rotation has one wherever there is such a column.
        (None, Some(_)) => false,
        (_, None) => true,
    };
    seen.listing.rows.iter().find(|row| {
        row.record.key != old.record.key
            && row.record.client == old.record.client
            && row.record.limit == old.record.limit
            && row.record.further_limits == old.record.further_limits
            && row.record.restrictions == old.record.restrictions
            && row.record.standing(desk.now.unix).is_ok()
            && outlives(row)
            && newer(row)
    })
}

/// The old row with another key: what stands in other columns, such as scopes, holds for the new one as well.
fn copy(desk: &Desk<'_>, seen: &Seen, old: &Row, key: &NewKey) -> anyhow::Result<NewRow> {
    let zone = &seen.rules.time_zone;
    let mut row = NewRow { cells: seen.cells(index(old)).to_vec() };
    row.put(seen, Column::ApiKey, key.cell(desk.flags.get_flag("hash") || !old.is_plain))?;
    row.put(seen, Column::IsActive, Cell::Bool(true))?;
    if seen.listing.place(Column::CreatedAt).is_some() {
        row.put(seen, Column::CreatedAt, desk.table.moment(desk.now.unix, zone))?;
    }
    if seen.listing.place(Column::RevokedAt).is_some() {
        // A revocation that is to come is the old key's.
        row.put(seen, Column::RevokedAt, Cell::Empty)?;
    }
    if let Some(expires) = desk.moment("expires", seen)? {
        ensure!(expires > desk.now.unix, "--expires is in the past: the new key would never work");
        row.put(seen, Column::ExpiresAt, desk.table.moment(expires, zone))?;
    }
    Ok(row)
}
