using System.Globalization;
using System.Numerics;
using Parquet;
using Parquet.Schema;

namespace Foreword.Data.Tables;

/// <summary>A column of values in a Parquet file.</summary>
/// <remarks>
/// This class builds the rows from the levels that are stored with the values (Melnik et al. 2010, "Dremel"). The Parquet library would do this with
/// code that it generates at run time, which Native AOT does not support.
/// </remarks>
internal sealed class ParquetColumn
{
    /// <summary>
    /// The reader for each type of value. A reader reads a column's values without its nulls, and returns a function that converts a value to text.
    /// </summary>
    private static readonly Dictionary<Type, Func<ParquetRowGroupReader, DataField, int[]?, int[]?, int, Task<Func<int, string>>>> Readers = new()
    {
        [typeof(string)] = ReadAsync<ReadOnlyMemory<char>>,
        [typeof(ReadOnlyMemory<char>)] = ReadAsync<ReadOnlyMemory<char>>,
        [typeof(bool)] = ReadAsync<bool>,
        [typeof(sbyte)] = ReadAsync<sbyte>,
        [typeof(byte)] = ReadAsync<byte>,
        [typeof(short)] = ReadAsync<short>,
        [typeof(ushort)] = ReadAsync<ushort>,
        [typeof(int)] = ReadAsync<int>,
        [typeof(uint)] = ReadAsync<uint>,
        [typeof(long)] = ReadAsync<long>,
        [typeof(ulong)] = ReadAsync<ulong>,
        [typeof(Half)] = ReadAsync<Half>,
        [typeof(float)] = ReadAsync<float>,
        [typeof(double)] = ReadAsync<double>,
        [typeof(decimal)] = ReadAsync<decimal>,
        [typeof(BigInteger)] = ReadAsync<BigInteger>,
        [typeof(DateTime)] = ReadAsync<DateTime>,
        [typeof(DateOnly)] = ReadAsync<DateOnly>,
        [typeof(TimeOnly)] = ReadAsync<TimeOnly>,
        [typeof(Guid)] = ReadAsync<Guid>,
    };

    private readonly string _name;
    private readonly Field[] _fields; // from the outermost field to the column itself
    private readonly DataField _column;

    private ParquetColumn(string name, List<Field> fields, DataField column) => (_name, _fields, _column) = (name, [.. fields], column);

    /// <summary>Finds the column at a path.</summary>
    /// <param name="schema">The fields of the file.</param>
    /// <param name="path">A field's name or number, or a path such as <c>question.choices[].text</c>.</param>
    /// <param name="where">File and row, for messages.</param>
    /// <exception cref="InvalidDataException">There is no such column, or it does not hold texts or numbers.</exception>
    public static ParquetColumn Find(ParquetSchema schema, string path, string where)
    {
        List<Field> fields = [];
        if (schema.Fields.Where(field => field.Name == path).ToArray() is { Length: > 0 } whole)
        {
            Enter(whole.Length == 1 ? whole[0] : throw new InvalidDataException($"{where}: {whole.Length} columns are called '{path}'; use the column's number instead"));
        }
        else if (TableColumns.IsNumber(path))
        {
            Enter(schema.Fields[TableColumns.Places([path], schema.Fields.Count, where)[0][0]]);
            path = fields[0].Name;
        }
        else
        {
            IReadOnlyList<Field> within = schema.Fields;
            foreach (string part in path.Split('.'))
            {
                string name = part.EndsWith("[]", StringComparison.Ordinal) ? part[..^2] : part;
                if (fields.Count > 0)
                    within = fields[^1] is StructField structure ? structure.Fields : throw new InvalidDataException($"{where}: '{path}' looks for '{name}' in {Kind(fields[^1])}");
                string[] names = [.. within.Select(field => field.Name)];
                Enter(within.FirstOrDefault(field => field.Name == name)
                    ?? throw MissingColumnException.Named(where, name, names));
            }
        }

        return fields[^1] is DataField column && Readers.ContainsKey(column.ClrType)
            ? new ParquetColumn(path, fields, column)
            : throw new InvalidDataException($"{where}: '{path}' is {Kind(fields[^1])}; expected a text or a number");

        void Enter(Field field)
        {
            fields.Add(field);
            while (fields[^1] is ListField list)
                fields.Add(list.Item);
        }
    }

    /// <summary>Returns the columns of a file that hold texts or numbers, or lists of them.</summary>
    public static IEnumerable<ParquetColumn> All(ParquetSchema schema)
    {
        foreach (Field field in schema.Fields)
        {
            List<Field> fields = [field];
            while (fields[^1] is ListField list)
                fields.Add(list.Item);
            if (fields[^1] is DataField column && Readers.ContainsKey(column.ClrType))
                yield return new ParquetColumn(field.Name, fields, column);
        }
    }

    /// <summary>Gets the column's name or path.</summary>
    public string Name => _name;

    /// <summary>Reads the column's cells in a row group.</summary>
    public async Task<ParquetCells> ReadAsync(ParquetRowGroupReader rows)
    {
        int count = checked((int)(rows.GetMetadata(_column)?.MetaData?.NumValues ?? throw new InvalidDataException($"column '{_name}' is missing")));
        int[]? definition = _column.MaxDefinitionLevel > 0 ? new int[count] : null, repetition = _column.MaxRepetitionLevel > 0 ? new int[count] : null;
        Func<int, string> texts = await Readers[_column.ClrType](rows, _column, definition, repetition, count).ConfigureAwait(false);
        return new ParquetCells(_name, _fields, count, texts, definition, repetition);
    }

    private static string Kind(Field field) => field switch
    {
        StructField => "a structure",
        MapField => "a map",
        DataField column when column.ClrType == typeof(byte[]) || column.ClrType == typeof(ReadOnlyMemory<byte>) => "binary",
        DataField column when column.ClrType == typeof(string) || column.ClrType == typeof(ReadOnlyMemory<char>) => "a text",
        DataField column => column.ClrType.Name,
        _ => field.SchemaType.ToString(),
    };

    private static Memory<int>? Levels(int[]? levels) => levels is null ? (Memory<int>?)null : levels;

    private static async Task<Func<int, string>> ReadAsync<T>(ParquetRowGroupReader rows, DataField column, int[]? definition, int[]? repetition, int count) where T : struct
    {
        T[] values = new T[count];
        await rows.ReadRawAsync(column, values.AsMemory(), Levels(definition), Levels(repetition)).ConfigureAwait(false);
        return i => values[i] switch
        {
            bool flag => flag ? "true" : "false",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            var text => text.ToString()!,
        };
    }
}

/// <summary>The cells of one column of a row group. They are read row by row.</summary>
/// <param name="name">The column's name, for messages.</param>
/// <param name="fields">The fields from the outermost one to the column itself.</param>
/// <param name="count">The number of values, including nulls and empty lists.</param>
/// <param name="texts">Returns the text of a value. The argument is the index of the value, without counting nulls.</param>
/// <param name="definition">
/// The number of optional fields that are present, for each of <paramref name="count"/> values; null if no field is optional.
/// </param>
/// <param name="repetition">
/// The level of the list that each of <paramref name="count"/> values continues, 0 for a new row; null if there are no lists.
/// </param>
internal sealed class ParquetCells(string name, Field[] fields, int count, Func<int, string> texts, int[]? definition, int[]? repetition)
{
    private int _at, _value;

    /// <summary>Gets the column's name.</summary>
    public string Name => name;

    /// <summary>Reads the texts of the next row.</summary>
    /// <param name="where">File and row, for messages.</param>
    /// <returns>The texts, and whether the row contains a null, which has no text.</returns>
    /// <exception cref="InvalidDataException">There are no more rows.</exception>
    public (IReadOnlyList<string> Texts, bool HasNull) Next(string where)
    {
        if (_at == count)
            throw new InvalidDataException($"{where}: the file is damaged: column '{name}' has fewer rows than the file");
        List<string> row = [];
        bool hasNull = false;
        do
        {
            int there = definition?[_at] ?? int.MaxValue;
            Field? missing = Array.Find(fields, field => field.MaxDefinitionLevel > there);
            if (missing is null)
                row.Add(texts(_value++));
            else
                hasNull |= !(missing is ListField or DataField { IsArray: true } && there == missing.MaxDefinitionLevel - 1); // a list without elements is not null
            _at++;
        }
        while (_at < count && repetition is not null && repetition[_at] > 0);
        return (row, hasNull);
    }
}
