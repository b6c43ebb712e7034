/* What Python has no fast way to do: the XOR of a payload with a mask. Optional: _masking has the
 * same in Python, which costs forty times as much. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

PyDoc_STRVAR(apply_mask_doc,
             "apply_mask(data, mask, /)\n--\n\n"
             "Return `data` XORed with the four bytes of `mask`, repeated: masks and unmasks.");

static void xor_with_mask(const char *from, char *to, Py_ssize_t size, const char *mask)
{
    uint64_t word, wide_mask;
    Py_ssize_t at = 0;

    memcpy(&wide_mask, mask, 4);
    memcpy((char *)&wide_mask + 4, mask, 4);
    for (; at + 8 <= size; at += 8) { /* compilers make wider steps of it */
        memcpy(&word, from + at, 8);
        word ^= wide_mask;
        memcpy(to + at, &word, 8);
    }
    for (; at < size; at++)
        to[at] = from[at] ^ mask[at & 3];
}

static PyObject *apply_mask(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    Py_buffer data, mask;
    PyObject *result = NULL;

    if (count != 2) {
        PyErr_Format(PyExc_TypeError, "apply_mask takes 2 arguments, not %zd", count);
        return NULL;
    }
    if (PyObject_GetBuffer(args[0], &data, PyBUF_SIMPLE) < 0)
        return NULL;
    if (PyObject_GetBuffer(args[1], &mask, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&data);
        return NULL;
    }
    if (mask.len != 4)
        PyErr_Format(PyExc_ValueError, "a mask of %zd bytes, expected 4", mask.len);
    else
        result = PyBytes_FromStringAndSize(NULL, data.len);
    if (result != NULL)
        xor_with_mask(data.buf, PyBytes_AsString(result), data.len, mask.buf);
    PyBuffer_Release(&mask);
    PyBuffer_Release(&data);
    return result;
}

static PyMethodDef methods[] = {
    {"apply_mask", (PyCFunction)(void (*)(void))apply_mask, METH_FASTCALL, apply_mask_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_speedups", NULL, 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__speedups(void)
{
    return PyModuleDef_Init(&module);
}
