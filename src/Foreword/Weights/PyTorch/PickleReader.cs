using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Foreword.Weights.PyTorch;

/// <summary>
/// Reads the pickles that hold the names and shapes of PyTorch tensors, without executing anything. It supports the opcodes that such pickles need
/// (Python, pickletools.py) and builds numbers, texts, tuples, lists and dictionaries. Anything else is passed to <see cref="Call"/> and
/// <see cref="Persistent"/>, which know a few names and reject all others.
/// </summary>
internal ref struct PickleReader
{
    /// <summary>
    /// The number of objects of each kind that any pickle may have. The kinds are stack entries, memo entries, containers and marks.
    /// </summary>
    private const int FreeObjects = 1000;

    /// <summary>
    /// The number of bytes of a pickle that allow one more object of each kind. Real pickles have at least 14 bytes per object. The limit prevents a
    /// small file from filling the memory.
    /// </summary>
    private const int BytesPerObject = 10;

    private readonly ReadOnlySpan<byte> _pickle;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<long, object?> _memo = [];
    private readonly int _mostObjects;
    private int _at;
    private int _containers;

    /// <summary>Initializes a reader of the pickle at the beginning of the bytes.</summary>
    /// <param name="pickle">The bytes. Other data may follow the pickle.</param>
    /// <param name="persistent">Returns the object that represents data outside the pickle, from its identifier.</param>
    /// <param name="call">Returns the result of calling the named function with arguments.</param>
    public PickleReader(ReadOnlySpan<byte> pickle, Func<object?, object?> persistent, Func<string, IReadOnlyList<object?>, object?> call)
    {
        _pickle = pickle;
        _mostObjects = FreeObjects + pickle.Length / BytesPerObject;
        Persistent = persistent;
        Call = call;
    }

    private Func<object?, object?> Persistent { get; }

    private Func<string, IReadOnlyList<object?>, object?> Call { get; }

    /// <summary>A global name, such as <c>torch._utils._rebuild_tensor_v2</c>. Reading the name does not execute anything.</summary>
    public sealed record Global(string Name);

    /// <summary>Gets the number of bytes that have been read.</summary>
    public readonly int Length => _at;

    /// <summary>Reads the pickle and returns its value.</summary>
    /// <returns>
    /// null, bool, long, <see cref="BigInteger"/>, double, string, object?[] (tuple), List (list), Dictionary, or a result of the functions.
    /// </returns>
    /// <exception cref="InvalidDataException">
    /// The pickle is damaged or uses an unsupported opcode. The message gives the problem and its position, without the path.
    /// </exception>
    public object? Read()
    {
        while (true)
        {
            int start = _at;
            byte opcode = Next();
            if (opcode == '.')
                return Pop();
            if (!Data(opcode) && !Container(opcode) && !Reference(opcode))
                throw new InvalidDataException($"byte {start} is the opcode 0x{opcode:X2}, which tensors do not need");
            if (Math.Max(Math.Max(_stack.Count, _memo.Count), Math.Max(_containers, _marks.Count)) > _mostObjects)
                throw new InvalidDataException($"it holds more objects than names and shapes of tensors need (at byte {start})");
        }
    }

    /// <summary>Handles the opcodes that push a number or a text.</summary>
    /// <returns>Whether the opcode is one of these.</returns>
    private bool Data(byte opcode)
    {
        switch ((char)opcode)
        {
            case '\x80': // PROTO
                byte protocol = Next();
                return protocol <= 5 ? true : throw new InvalidDataException($"version {protocol} of the pickle protocol is not supported");
            case '\x95': // FRAME
                Take(8);
                return true;
            case 'N':
                return Push(null);
            case '\x88': // NEWTRUE
                return Push(true);
            case '\x89': // NEWFALSE
                return Push(false);
            case 'K': // BININT1
                return Push((long)Next());
            case 'M': // BININT2
                return Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
            case 'J': // BININT
                return Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
            case '\x8A': // LONG1
                BigInteger number = new(Take(Next()));
                return Push(number >= long.MinValue && number <= long.MaxValue ? (long)number : number);
            case 'G': // BINFLOAT
                return Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
            case 'X': // BINUNICODE
                return Push(Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))));
            case '\x8C': // SHORT_BINUNICODE
            case 'U': // SHORT_BINSTRING, which Python 2 wrote
                return Push(Encoding.UTF8.GetString(Take(Next())));
            default:
                return false;
        }
    }

    /// <summary>Handles the opcodes that build tuples, lists and dictionaries.</summary>
    /// <returns>Whether the opcode is one of these.</returns>
    private bool Container(byte opcode)
    {
        switch ((char)opcode)
        {
            case '(': // MARK
                _marks.Push(_stack.Count);
                return true;
            case ')': // EMPTY_TUPLE
                return Push(Array.Empty<object?>());
            case 't': // TUPLE
                return Push(Contained(PopToMark()));
            case '\x85': // TUPLE1
                return Push(Contained(PopMany(1)));
            case '\x86': // TUPLE2
                return Push(Contained(PopMany(2)));
            case '\x87': // TUPLE3
                return Push(Contained(PopMany(3)));
            case ']': // EMPTY_LIST
                return Push(Contained(new List<object?>()));
            case 'a': // APPEND
                object? item = Pop();
                Top<List<object?>>().Add(item);
                return true;
            case 'e': // APPENDS
                object?[] items = PopToMark();
                Top<List<object?>>().AddRange(items);
                return true;
            case '}': // EMPTY_DICT
                return Push(Contained(new Dictionary<object, object?>()));
            case 's': // SETITEM
                SetItems(PopMany(2));
                return true;
            case 'u': // SETITEMS
                SetItems(PopToMark());
                return true;
            default:
                return false;
        }
    }

    /// <summary>Handles the opcodes that use the memo, name globals, and make calls and objects.</summary>
    /// <returns>Whether the opcode is one of these.</returns>
    private bool Reference(byte opcode)
    {
        switch ((char)opcode)
        {
            case 'q': // BINPUT
                _memo[Next()] = Peek();
                return true;
            case 'r': // LONG_BINPUT
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek();
                return true;
            case '\x94': // MEMOIZE
                _memo[_memo.Count] = Peek();
                return true;
            case 'h': // BINGET
                return Push(Recall(Next()));
            case 'j': // LONG_BINGET
                return Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
            case 'c': // GLOBAL
                return Push(new Global($"{Line()}.{Line()}"));
            case '\x93': // STACK_GLOBAL
                object?[] names = PopMany(2);
                return Push(names is [string module, string name] ? new Global($"{module}.{name}") : throw new InvalidDataException("a global without a name"));
            case 'Q': // BINPERSID
                return Push(Persistent(Pop()));
            case 'R': // REDUCE
                object? arguments = Pop(), function = Pop();
                return Push(function is Global global && arguments is object?[] values ? Contained(Call(global.Name, values)) : throw new InvalidDataException("a call of something that is not a name"));
            case '\x81': // NEWOBJ
                Pop();
                throw new InvalidDataException($"it contains an object of the class {(Pop() as Global)?.Name ?? "?"}, which is not supported; save the model's state_dict() instead");
            case 'b': // BUILD: attributes of an object, such as the state dictionary's _metadata
                Pop();
                Top<Dictionary<object, object?>>();
                return true;
            default:
                return false;
        }
    }

    private bool Push(object? value)
    {
        _stack.Add(value);
        return true;
    }

    private object? Contained(object? container)
    {
        _containers++;
        return container;
    }

    private readonly object? Peek() => _stack.Count > Floor ? _stack[^1] : throw Empty();

    private readonly object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private readonly object?[] PopMany(int count)
    {
        if (_stack.Count - count < Floor)
            throw Empty();
        object?[] values = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private readonly object?[] PopToMark()
    {
        if (!_marks.TryPop(out int mark))
            throw Empty();
        object?[] values = [.. _stack[mark..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private readonly T Top<T>() where T : class => Peek() as T ?? throw new InvalidDataException($"an entry for something that is not a {(typeof(T) == typeof(List<object?>) ? "list" : "dictionary")}");

    private readonly void SetItems(object?[] items)
    {
        Dictionary<object, object?> dictionary = Top<Dictionary<object, object?>>();
        if (items.Length % 2 != 0)
            throw new InvalidDataException("a key without a value");
        for (int i = 0; i < items.Length; i += 2)
            dictionary[items[i] ?? throw new InvalidDataException("a key of a dictionary is None")] = items[i + 1];
    }

    private readonly object? Recall(long index) => _memo.TryGetValue(index, out object? value) ? value : throw new InvalidDataException($"it refers to object {index}, which it did not store");

    /// <summary>Gets the stack height at the last mark. Entries below it belong to an outer container and cannot be popped.</summary>
    private readonly int Floor => _marks.TryPeek(out int mark) ? mark : 0;

    private static InvalidDataException Empty() => new("its stack is empty where an object is needed");

    private byte Next() => Take(1)[0];

    private ReadOnlySpan<byte> Take(uint count)
    {
        if (count > _pickle.Length - _at)
            throw new InvalidDataException($"it ends inside an object at byte {_at}");
        ReadOnlySpan<byte> taken = _pickle.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    private string Line()
    {
        int length = _pickle[_at..].IndexOf((byte)'\n');
        if (length is < 0 or > 200)
            throw new InvalidDataException($"the name at byte {_at} does not end");
        string line = Encoding.UTF8.GetString(Take((uint)length));
        _at++;
        return line;
    }
}
