//! How often an account may ask.
//!
//! Each account has a bucket that fills at its rate up to the burst, and each
//! request takes one from it. Callers without credentials have one for each
//! address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use thoth_manta::{Code, Error, Result};

use crate::auth::Principal;

/// Buckets kept; beyond that, full ones are forgotten.
const KEPT: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Address(IpAddr),
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    seen: Instant,
}

/// The buckets of all who ask.
#[derive(Debug)]
pub(crate) struct Rates {
    each_second: f64,
    most: f64,
    buckets: Mutex<HashMap<Who, Bucket>>,
}

impl Rates {
    pub(crate) fn new(each_second: u32, burst: u32) -> Rates {
        Rates {
            each_second: f64::from(each_second),
            most: f64::from(each_second) + f64::from(burst),
            buckets: Mutex::default(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// `Throttled` when it is one too many.
    pub(crate) fn take(&self, who: &Principal, from: IpAddr) -> Result<()> {
        if self.each_second == 0.0 || self.take_at(who, from, Instant::now()) {
            return Ok(());
        }
        Err(Error::new(
            Code::Throttled,
            format!("more than {} requests a second", self.each_second),
        ))
    }

    fn take_at(&self, who: &Principal, from: IpAddr, now: Instant) -> bool {
        let who = if who.is_anonymous {
            Who::Address(from)
        } else {
            Who::Account(who.login.clone())
        };
        let filled = |bucket: &Bucket| {
            let since = now.saturating_duration_since(bucket.seen);
            let more = since.as_secs_f64() * self.each_second;
            (bucket.left + more).min(self.most)
        };
        let mut buckets =
            self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEPT {
            buckets.retain(|_, bucket| filled(bucket) < self.most);
        }
        let bucket =
            buckets.entry(who).or_insert(Bucket { left: self.most, seen: now });
        bucket.left = filled(bucket);
        bucket.seen = now;
        if bucket.left < 1.0 {
            return false;
        }
        bucket.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    #[test]
    fn buckets_empty_and_fill_again() {
        let rates = Rates::new(10, 5);
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let there = IpAddr::from(Ipv4Addr::new(10, 0, 0, 1));
        let who = Principal::anonymous();
        let now = Instant::now();
        let taken = (0..100).filter(|_| rates.take_at(&who, here, now));
        assert_eq!(taken.count(), 15);
        assert!(rates.take_at(&who, there, now), "others have their own");
        let later = now + Duration::from_millis(300);
        let taken = (0..100).filter(|_| rates.take_at(&who, here, later));
        assert_eq!(taken.count(), 3);
        assert!(Rates::new(0, 0).take(&who, here).is_ok());
    }
}
