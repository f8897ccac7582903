//! The keys file that all servers were given.

use anyhow::Context;
use http::HeaderValue;

/// One row, as a client needs it.
pub(crate) struct Row {
    pub(crate) authorization: HeaderValue,
    pub(crate) client: String,
    pub(crate) limit: u32,
}

/// Every row of a keys file.
pub(crate) fn read(path: &str) -> anyhow::Result<Vec<Row>> {
    let mut file = csv::Reader::from_path(path)?;
    let mut rows = Vec::new();
    for record in file.records() {
        let record = record?;
        let cell = |column: usize| record.get(column).with_context(|| format!("{path}: a row is too short"));
        rows.push(Row {
            authorization: HeaderValue::try_from(format!("Bearer {}", cell(0)?))?,
            client: cell(1)?.to_owned(),
            limit: cell(5)?.parse()?,
        });
    }
    anyhow::ensure!(!rows.is_empty(), "{path} holds no key");
    Ok(rows)
}
