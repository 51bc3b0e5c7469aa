//! Who is let in: so many of one address, so many who have not logged in. The counting is [`crate::quota`]'s; here are the
//! lock around it and the clock.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use tokio::sync::watch;
use tokio::time::Instant;

use troth_protocol::limits;

use crate::quota::{Address, Addresses, Entered, GuestId, Guests, Rate};

/// Where a proxy says for whom it connects.
const FORWARDED: &str = "x-forwarded-for";

/// The entrance; cheap to clone.
#[derive(Clone)]
pub struct Entrance(Arc<Shared>);

struct Shared {
    counted: Mutex<Counted>,
    since: Instant,
    behind_proxy: bool,
}

struct Counted {
    guests: Guests,
    /// A guest whose end of this is dropped has to go.
    staying: HashMap<GuestId, watch::Sender<()>>,
    addresses: Addresses,
}

/// Whoever is connected, until they are gone.
#[derive(Clone)]
pub struct Caller {
    /// Given up when they log in.
    pub(crate) guest: Option<Arc<Guest>>,
    pass: Option<Arc<Pass>>,
}

/// A place among those who have not logged in; given back when dropped.
pub(crate) struct Guest {
    id: GuestId,
    entrance: Entrance,
    staying: watch::Receiver<()>,
}

/// A place among those of one address; given back when dropped.
struct Pass {
    address: Address,
    entrance: Entrance,
}

impl Entrance {
    /// Lets in so many of one address at once, and as many new ones in a minute. Behind a proxy it is the proxy's word that
    /// counts: the last address in `X-Forwarded-For`, which the proxy itself wrote; what stands before it anybody may have.
    pub fn new(per_address: usize, behind_proxy: bool) -> Self {
        let a_minute = u64::try_from(per_address).unwrap_or(u64::MAX).min(1 << 32);
        let opened = Rate {
            burst: a_minute,
            per_minute: a_minute,
        };
        Self(Arc::new(Shared {
            counted: Mutex::new(Counted {
                guests: Guests::new(limits::GUESTS),
                staying: HashMap::new(),
                addresses: Addresses::new(per_address, opened, limits::ADDRESSES),
            }),
            since: Instant::now(),
            behind_proxy,
        }))
    }

    /// Somebody comes; `None` where too many of their address are here.
    pub(crate) fn enter(&self, from: IpAddr) -> Option<Caller> {
        let address = Address::of(from).filter(|_| !self.0.behind_proxy);
        let pass = self.pass(address)?;
        let (sender, staying) = watch::channel(());
        let mut counted = self.counted();
        let (id, gone) = counted.guests.enter(address);
        counted.staying.insert(id, sender);
        if let Some(gone) = gone {
            counted.staying.remove(&gone);
        }
        drop(counted);
        let guest = Some(Arc::new(Guest {
            id,
            entrance: self.clone(),
            staying,
        }));
        Some(Caller { guest, pass })
    }

    /// Lets go of one guest, where the system has no more sockets.
    pub(crate) fn drop_one(&self) {
        let mut counted = self.counted();
        if let Some(gone) = counted.guests.drop_one() {
            counted.staying.remove(&gone);
        }
    }

    /// Counts one more of an address: `None` where there are too many.
    fn pass(&self, address: Option<Address>) -> Option<Option<Arc<Pass>>> {
        let Some(address) = address else { return Some(None) };
        let now = u64::try_from(self.0.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        match self.counted().addresses.enter(now, address) {
            Entered::Refused => None,
            Entered::Uncounted => Some(None),
            Entered::Counted => Some(Some(Arc::new(Pass {
                address,
                entrance: self.clone(),
            }))),
        }
    }

    /// No code panics while it counts; what a panic elsewhere left is as good as any.
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// Counts whoever a proxy connects for, before they get a WebSocket. `false` where too many of their address are here.
    pub(crate) fn forwarded_for(&mut self, headers: &HeaderMap) -> bool {
        let Some(guest) = self.guest.clone() else {
            return true;
        };
        let entrance = &guest.entrance;
        if !entrance.0.behind_proxy || self.pass.is_some() {
            return true;
        }
        let Some(address) = forwarded(headers) else {
            return true;
        };
        let Some(pass) = entrance.pass(Some(address)) else {
            return false;
        };
        self.pass = pass;
        entrance.counted().guests.comes_from(guest.id, address);
        true
    }
}

impl Caller {
    /// Resolves when somebody else needs the place.
    pub(crate) fn let_go(&self) -> impl Future<Output = ()> + Send + 'static {
        let staying = self.guest.as_ref().map(|guest| guest.staying.clone());
        async move {
            match staying {
                Some(mut staying) => while staying.changed().await.is_ok() {},
                None => std::future::pending().await,
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counted = self.entrance.counted();
        counted.guests.leave(self.id);
        counted.staying.remove(&self.id);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.entrance.counted().addresses.leave(self.address);
    }
}

/// The last address that a proxy's header names.
fn forwarded(headers: &HeaderMap) -> Option<Address> {
    let last = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
    let last = last.rsplit(',').next()?.trim();
    Address::of(last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let values = values
            .iter()
            .map(|v| (FORWARDED.parse().unwrap(), v.parse().unwrap()));
        values.collect()
    }

    #[test]
    fn a_proxys_own_word_counts_and_nothing_before_it() {
        let of = |text: &str| Address::of(text.parse().unwrap());
        assert_eq!(forwarded(&headers(&["192.0.2.1"])), of("192.0.2.1"));
        assert_eq!(forwarded(&headers(&["203.0.113.9, 192.0.2.1"])), of("192.0.2.1"));
        assert_eq!(
            forwarded(&headers(&["203.0.113.9", "2001:db8::1"])),
            of("2001:db8::1")
        );
        for nothing in [&[][..], &["unknown"], &["192.0.2.1, "], &["127.0.0.1"]] {
            assert_eq!(forwarded(&headers(nothing)), None);
        }
    }

    #[test]
    fn r60_who_a_proxy_connects_for_is_counted_by_their_own_address() {
        let entrance = Entrance::new(2, true);
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        let come = |address: &str| {
            let mut caller = entrance.enter(proxy).expect("the proxy is not counted");
            caller.forwarded_for(&headers(&[address])).then_some(caller)
        };
        let here: Vec<_> = (0..2).map(|_| come("192.0.2.1").unwrap()).collect();
        assert!(come("192.0.2.1").is_none());
        assert!(come("192.0.2.2").is_some());
        drop(here);
        assert!(come("192.0.2.1").is_none(), "two a minute");
    }

    #[tokio::test]
    async fn whoever_came_first_goes_when_the_room_is_full() {
        let entrance = Entrance::new(1, false);
        let here = |_| entrance.enter("127.0.0.1".parse().unwrap()).unwrap();
        let callers: Vec<Caller> = (0..=limits::GUESTS).map(here).collect();
        callers[0].let_go().await;
        let staying = tokio::time::timeout(std::time::Duration::from_millis(10), callers[1].let_go());
        assert!(staying.await.is_err(), "the second stays");
    }
}
