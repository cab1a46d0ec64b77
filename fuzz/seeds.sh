#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fuzz/seeds.sh TARGET DIRECTORY: fills the directory with files of the real programs for
# this fuzz target, as far as this host has them. Without any, fuzzing begins with nothing.
set -uo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
target=$1
mkdir -p "$2"
cd "$2" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

have() { command -v "$1" >/dev/null; }

# archive FILE: writes a cpio archive with a directory, a link and a file, without cpio(1).
archive() {
    local name bytes mode data
    while read -r name mode data; do
        printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' \
            7 "$mode" 0 0 1 0 ${#data} 0 0 0 0 $((${#name} + 1)) 0
        printf '%s\0' "$name"
        bytes=$((110 + ${#name} + 1))
        head -c $((-bytes & 3)) /dev/zero
        printf %s "$data"
        head -c $((-${#data} & 3)) /dev/zero
    done >"$1" <<END
etc $((0040755))
etc/a $((0100644)) text
init $((0120777)) etc/a
TRAILER!!! 0
END
}

# part IMAGE SECTOR [BYTE [BYTES]]: some bytes of a sector.
part() { dd if="$1" bs=1 skip=$(($2 * 512 + ${3:-0})) count="${4:-512}" status=none; }

# chain IMAGE: the four slots of an MBR and of each sector of its chain, for mbr.
chain() {
    local sector
    printf '\0\0\1\0'
    part "$1" 0 446 64
    for ((sector = 2048; sector < 65536; sector += 2048)); do
        part "$1" "$sector" 510 2 | cmp -s - <(printf '\x55\xaa') || continue
        printf '%b' "$(printf '\\x%02x\\x%02x\\0\\0' $((sector & 255)) $((sector >> 8)))"
        part "$1" "$sector" 446 64
    done
}

case $target in
initrd)
    archive "$work/cpio"
    cp "$work/cpio" cpio
    sed 's/070701/070702/' cpio >crc
    for packer in "gzip -n" "gzip -1" "bzip2" "xz --check=crc32" "xz --check=none --x86 --lzma2" \
        "xz" "lzma" "zstd -q -19 --ultra" "zstd -q --long=28" "lz4 -l" "lz4" "lzop"; do
        have "${packer%% *}" || continue
        packed=${packer//[ \/]/_}
        # shellcheck disable=SC2086 # a command and its options
        $packer -c <cpio >"$packed" || rm -f "$packed"
        cat cpio "$packed" >"cpio+$packed"
        { cat "$packed" && head -c 8 /dev/zero && cat cpio; } >"$packed+zeros+cpio"
        cat "$packed" "$packed" >"$packed+$packed"
    done
    { cat cpio && head -c 391 /dev/zero && echo; } >cpio+byte
    { cat cpio && printf 'a=b\n\4\0\0\0\0\0\0\0#BOOTCONFIG\n'; } >bootconfig
    ;;
inflate)
    archive "$work/cpio"
    for file in "$work/cpio" /bin/true; do
        for level in 1 6 9; do
            { printf '\xff\x03' && gzip -n -c -$level "$file" | tail -c +11 | head -c 4000; } \
                >"$(basename "$file").$level"
        done
    done
    printf '\xff\x03\x01\x05\x00\xfa\xffwords' >stored
    ;;
superblock)
    truncate -s 64M "$work/image"
    while read -r name command; do
        # shellcheck disable=SC2086 # a command and its options
        have "${command%% *}" || continue
        truncate -s 0 "$work/image" && truncate -s 320M "$work/image"
        $command "$work/image" >/dev/null 2>&1 || continue
        for at in 0 64 272; do
            { printf '\xff' && tail -c +$((at * 1024 + 1)) "$work/image" | head -c 4096; } \
                >"$name-$at"
        done
    done <<'END'
ext4 mke2fs -q -F -t ext4 -L boot
ext2 mke2fs -q -F -t ext2 -b 1024
xfs mkfs.xfs -q -f -L boot
btrfs mkfs.btrfs -q -f -L boot
f2fs mkfs.f2fs -q -f -l boot
exfat mkfs.exfat -q -L boot
vfat mkfs.vfat -F 32 -n BOOT
fat12 mkfs.vfat -F 12
ntfs mkfs.ntfs -q -F -f
swap mkswap
luks cryptsetup -q luksFormat --key-file=/bin/true
END
    ;;
gpt)
    for sector in 512 4096; do
        have sgdisk || continue
        truncate -s 0 "$work/image" && truncate -s 4M "$work/image"
        sgdisk -n 1:64:+64 -t 1:ef00 -c 1:esp -n 2:0:+64 -t 2:ea00 "$work/image" >/dev/null 2>&1
        # A first byte for the sector's size, and an array of 4 entries.
        printf '\1' >"gpt-$sector"
        [ $sector = 512 ] || printf '\3' >"gpt-$sector"
        {
            head -c $((sector - 1)) /dev/zero
            part "$work/image" 1 0 80
            printf '\4\0\0\0'
            part "$work/image" 1 84 $((512 - 84))
            head -c $((sector - 512)) /dev/zero
            for entry in 0 128; do
                part "$work/image" 2 $entry 32
                printf '\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0'
                part "$work/image" 2 $((entry + 48)) 80
            done
            head -c $((sector - 256)) /dev/zero
        } >>"gpt-$sector"
    done
    ;;
mbr)
    have sfdisk || exit 0
    truncate -s 32M "$work/image"
    printf '%s\n' 'label: dos' '2048,2048,ef' '4096,2048,ea' '8192,50000,5' \
        '10240,2048,83' '16384,4096,ef' '24576,4096,ea' |
        sfdisk -q "$work/image" >/dev/null 2>&1
    chain "$work/image" >logical
    printf '%s\n' 'label: dos' '2048,8192,ef' ',,83' | sfdisk -q "$work/image" >/dev/null 2>&1
    chain "$work/image" >primary
    ;;
grubenv)
    {
        printf '# GRUB Environment Block\nsaved_entry=a\nkernelopts=root=/dev/sda1 ro\n'
        # shellcheck disable=SC2016 # grub's variables
        printf 'next_entry=b\\\\\nx=$kernelopts\n###########'
    } >block
    if have grub-editenv; then
        grub-editenv full create
        grub-editenv full set saved_entry=a next_entry='b c' kernelopts='root=UUID=1 ro "x"'
    fi
    tail -c +26 block >inside
    ;;
type1)
    # shellcheck disable=SC2016 # grub's variables
    {
        printf 'title A "B"\nversion 1\nsort-key a\nlinux \\a\\b\ninitrd /c $d\ninitrd "e f"\n'
        printf 'options root=/dev/sda $kernelopts initrd=\\g ${h}\nextra /x.cred\nprofile 1\n'
        printf '\xff# GRUB Environment Block\nkernelopts=a\nh=b\n'
    } >entry
    printf 'uki /a.efi\narchitecture x64\ndevicetree /d\n' >uki
    printf 'uki-url http://a/b\n' >url
    ;;
thin)
    hash=0123456789abcdef0123456789abcdef
    kernel='\EFI\nixos\kernel-6.12-x.efi' initrd='/EFI/nixos/initrd-6.12-x.efi'
    section() { printf '%b%b%s' "\\x0$1" "$(printf '\\x%02x' ${#2})" "$2"; }
    for cmdline in '' init=/nix/store/x/init; do
        { section 0 "$kernel" && section 1 $hash && section 2 "$initrd" && section 3 $hash; } \
            >"thin-${#cmdline}"
        [ -z "$cmdline" ] || section 4 "$cmdline" >>"thin-${#cmdline}"
    done
    ;;
loader_conf)
    printf 'timeout 5\ndefault "a-[0-9]*.conf"\npreferred @saved\n#x\n' >conf
    printf 'a\0b\0+\0' >efi
    printf 'debian-6.1+3-2.conf' >name
    printf '6.1.0-13~rc1+b22^git6.1.0-13' >version
    ;;
esac
