# SPDX-FileCopyrightText: The thrum authors
# SPDX-License-Identifier: MIT
# numpy.py - arrays of every kind go from NumPy through npy_copy, and come back
#
# In a folder that is its argument. Prints TAP; random bytes are the elements,
# so that NaNs with any payload, and both zeros, are among them.
import io
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.pop(0)  # else this file would be numpy
import numpy as np

seed = int(os.environ.get('THRUM_TEST_SEED', time.time()))
print('# numpy %s, seed %d' % (np.__version__, seed))
random.seed(seed)
os.chdir(sys.argv[1])

KINDS = ['b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8',
         'c8', 'c16']
SHAPES = [(), (0,), (1,), (7,), (2, 3), (0, 3), (3, 0), (2, 1, 3), (4, 3, 2, 5),
          (2, 3) + (1,) * 30, (1,) * 31 + (2,)]
LARGE = (1201, 901)
tests = 0


def check(holds, name, *what):
    global tests
    tests += 1
    print('%s %d - %s' % ('ok' if holds else 'not ok', tests, name))
    for text in what if not holds else []:
        print('# %s' % (text,))


def copy(lines):
    out = subprocess.run([os.environ['THRUM_TEST_COPY']], check=True,
                         input='\n'.join(lines).encode(), capture_output=True)
    return [int(line) for line in out.stdout.split()]


def make(kind, order, shape, fortran):
    n = int(np.prod(shape, dtype=int)) * np.dtype(kind).itemsize
    data = random.getrandbits(8 * n).to_bytes(n, 'little') if n else b''
    if kind == 'b1':
        data = bytes(byte & 1 for byte in data)
    a = np.frombuffer(data, order + kind).reshape(shape)
    return np.asfortranarray(a) if fortran and a.ndim else a


def native(a):
    return a.astype(a.dtype.newbyteorder('='))


def same(a, b):
    """To the bit, in the byte order of this machine, in the same array order."""
    a = native(a)
    return (a.dtype == b.dtype and a.shape == b.shape and
            a.tobytes() == b.tobytes() and
            a.flags.f_contiguous == b.flags.f_contiguous and
            a.flags.c_contiguous == b.flags.c_contiguous)


def bytes_of(a):
    f = io.BytesIO()
    np.save(f, a)
    return f.getvalue()


def npy():
    arrays, lines = [], []
    for kind in KINDS:
        for order in '<>':
            for shape in SHAPES + [LARGE]:
                for fortran in [False, True]:
                    arrays.append(make(kind, order, shape, fortran))
    for i, a in enumerate(arrays):
        np.save('in%d.npy' % i, a)
        for way in ['load', 'map']:
            lines.append('%s %d in%d.npy %s%d.npy' %
                         (way, 1 + i % 3, i, way, i))
    codes = copy(lines)
    check(not any(codes) and len(codes) == len(lines),
          '%d arrays are loaded and dumped' % len(lines), codes)
    for way in ['load', 'map']:
        wrong = [(a.dtype, a.shape) for i, a in enumerate(arrays)
                 if not same(a, np.load('%s%d.npy' % (way, i)))]
        check(not wrong, '... and are the same in NumPy after a %s' % way,
              *wrong)
    if tuple(map(int, np.__version__.split('.')[:2])) < (1, 23):
        print('# SKIP bytes of files: NumPy 1.23 pads headers first')
        return
    wrong = [(a.dtype, a.shape) for i, a in enumerate(arrays)
             if bytes_of(native(a)) != open('load%d.npy' % i, 'rb').read()]
    check(not wrong, '... in files with the bytes of NumPy', *wrong)


def npz():
    arrays = {}
    for i, kind in enumerate(KINDS):
        for order in '<>':
            arrays[kind + order] = make(kind, order, SHAPES[i % len(SHAPES)],
                                        i % 2)
    arrays['large'] = make('f8', '<', LARGE, False)
    arrays['ζ/€😀'] = np.arange(3)
    np.savez('stored.npz', **arrays)
    np.savez_compressed('packed.npz', **arrays)
    names = ' '.join(arrays)
    for source in ['stored', 'packed']:
        for way, compress in [('stored', 0), ('zlib', 1), ('zstd', 2)]:
            target = '%s-%s' % (source, way)
            code = copy(['npz 2 %d %s.npz %s.npz %s' %
                         (compress, source, target, names)])[0]
            if code == -95 and not os.path.exists(target + '.npz'):
                # Archives of NumPy may need zlib as well.
                print('ok %d - # SKIP %s: not in this build' %
                      (count(), target))
                continue
            if code == 0 and compress == 2:
                # NumPy cannot read it: back to what it reads.
                code = copy(['npz 3 0 %s.npz again.npz %s' %
                             (target, names)])[0]
                shutil.move('again.npz', target + '.npz')
            check(code == 0, '%s: members are loaded and dumped' % target,
                  code)
            z = np.load(target + '.npz') if code == 0 else {}
            wrong = [name for name in arrays
                     if code or not same(arrays[name], z[name])]
            check(not wrong and list(z) == list(arrays),
                  '... and NumPy has the same, in this order', *wrong)


def count():
    global tests
    tests += 1
    return tests


npy()
npz()
print('1..%d' % tests)
