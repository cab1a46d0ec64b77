// SPDX-License-Identifier: GPL-2.0-or-later
//! Sorting in place, by one small routine for all types: the standard library's sorts are
//! faster, but take 5 KB for each type. Layer: pure.

use core::cmp::Ordering;

/// The operations that a sort needs.
trait List {
    fn precedes(&self, a: usize, b: usize) -> bool;
    fn swap(&mut self, a: usize, b: usize);
}

struct Slice<'list, T>(&'list mut [T], fn(&T, &T) -> Ordering);

impl<T> List for Slice<'_, T> {
    fn precedes(&self, a: usize, b: usize) -> bool {
        match (self.0.get(a), self.0.get(b)) {
            (Some(a), Some(b)) => (self.1)(a, b) == Ordering::Less,
            _ => false,
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.0.swap(a, b);
    }
}

/// Sorts `list` by `order`. Equal elements end up in any order.
pub fn sort<T>(list: &mut [T], order: fn(&T, &T) -> Ordering) {
    let count = list.len();
    heap_sort(&mut Slice(list, order), count);
}

fn heap_sort(list: &mut dyn List, count: usize) {
    for root in (0..count / 2).rev() {
        sift(list, root, count);
    }
    for end in (1..count).rev() {
        list.swap(0, end);
        sift(list, 0, end);
    }
}

/// Moves the element at `root` down to its place among the first `count`.
fn sift(list: &mut dyn List, mut root: usize, count: usize) {
    loop {
        let mut child = root.saturating_mul(2).saturating_add(1);
        let other = child.saturating_add(1);
        if child >= count {
            return;
        }
        if other < count && list.precedes(child, other) {
            child = other;
        }
        if !list.precedes(root, child) {
            return;
        }
        list.swap(root, child);
        root = child;
    }
}

#[cfg(test)]
mod tests {
    use super::sort;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn as_the_standard_library_sorts(mut list in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut expected = list.clone();
            expected.sort_unstable();
            sort(&mut list, u8::cmp);
            prop_assert_eq!(list, expected);
        }
    }
}
