//! A key's restrictions as lists of words: for the digest, the audit file and the snapshot.

use std::io;

use gate::Restrictions;
use serde::{Deserialize, Serialize};

/// Each by its column's name; `None` where there is no restriction.
pub(crate) fn listed(restrictions: Option<&Restrictions>) -> [(&'static str, Option<Vec<String>>); 4] {
    let Lists { scopes, allowed_ips, methods, environment } = Lists::of(restrictions);
    [("scopes", scopes), ("allowed_ips", allowed_ips), ("methods", methods), ("environment", environment)]
}

/// The same as a member of a file. A member that is not known is an error: it would be a restriction that is lost.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lists {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allowed_ips: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    methods: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<Vec<String>>,
}

impl Lists {
    pub(super) fn of(restrictions: Option<&Restrictions>) -> Self {
        let Some(restrictions) = restrictions else { return Self::default() };
        let words = |list: &Option<Box<[Box<str>]>>| {
            list.as_ref().map(|list| list.iter().map(|word| word.as_ref().to_owned()).collect())
        };
        let networks = restrictions.allowed_ips.as_ref();
        Self {
            scopes: words(&restrictions.scopes),
            allowed_ips: networks.map(|list| list.iter().map(ToString::to_string).collect()),
            methods: words(&restrictions.methods),
            environment: words(&restrictions.environments),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// # Errors
    /// An address is none.
    pub(super) fn into_restrictions(self) -> io::Result<Restrictions> {
        let words = |list: Option<Vec<String>>| list.map(|list| list.into_iter().map(Into::into).collect());
        let network = |text: String| {
            text.parse()
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "an address in it is not one"))
        };
        let networks = self.allowed_ips.map(|list| list.into_iter().map(network).collect()).transpose()?;
        Ok(Restrictions {
            scopes: words(self.scopes),
            allowed_ips: networks,
            methods: words(self.methods),
            environments: words(self.environment),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::samples::restricted;

    #[test]
    fn what_is_written_is_read_back_and_nothing_is_lost_on_the_way() {
        for restrictions in
            [None, restricted(&["read", "write"], &[]), restricted(&["x"], &["10.0.0.0/8", "::1"])]
        {
            let text = serde_json::to_string(&Lists::of(restrictions.as_deref())).unwrap();
            let lists: Lists = serde_json::from_str(&text).unwrap();
            assert_eq!(lists.into_restrictions().unwrap().shared(), restrictions, "{text}");
        }
        for wrong in [r#"{"allowed_ips":["10.0.0.1/8"]}"#, r#"{"allowed_ips":[""]}"#] {
            let lists: Lists = serde_json::from_str(wrong).unwrap();
            assert!(lists.into_restrictions().is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<Lists>(r#"{"country":["NL"]}"#).is_err());
    }
}
