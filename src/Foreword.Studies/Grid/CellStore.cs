using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.IO;

namespace Foreword.Studies.Grid;

/// <summary>
/// The results of a study's cells, in the file <c>cells.jsonl</c> of its directory: one JSON object a line. Each new result replaces the file as a
/// whole, so a killed study loses no finished cell. Several threads may add results.
/// </summary>
public sealed class CellStore
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "cells.jsonl";

    private static readonly string[] Fields = ["factors", "fingerprint", "metric", "values", "seconds"];

    private readonly Lock _lock = new();
    private readonly List<CellResult> _results = [];
    private readonly Dictionary<string, int> _lines = []; // the line of each result in the file, from 1
    private readonly string _path;
    private Dictionary<string, int> _places = [];

    private CellStore(string path) => _path = path;

    /// <summary>Reads the results in a directory, which is created if it does not exist.</summary>
    /// <param name="directory">The study's directory.</param>
    /// <exception cref="InvalidDataException">The file is malformed. The message names file, line and problem.</exception>
    /// <exception cref="IOException">The directory cannot be created.</exception>
    public static CellStore Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Directory.CreateDirectory(directory);
        CellStore store = new(Path.Combine(directory, FileName));
        if (File.Exists(store._path))
            store.Read();
        return store;
    }

    /// <summary>Gets the results. Those of a grid that runs are in the order of its cells, not in the order in which they ended. Others come before them.</summary>
    public IReadOnlyList<CellResult> Results
    {
        get
        {
            lock (_lock)
                return [.. _results];
        }
    }

    /// <summary>Returns the stored result of a cell; null if there is none.</summary>
    /// <exception cref="InvalidDataException">The stored result was computed with another definition.</exception>
    public CellResult? Find(StudyCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        lock (_lock)
        {
            CellResult? stored = _results.Find(result => result.Name == cell.Name);
            return stored is null || stored.Fingerprint == cell.Fingerprint
                ? stored
                : throw new InvalidDataException($"{_path}:{_lines[stored.Name]}: the cell '{cell.Name}' was computed with another recipe, model or data; use another directory, or delete the line to compute it again");
        }
    }

    /// <summary>Adds a result and writes the file.</summary>
    /// <exception cref="ArgumentException">The cell already has a result.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Add(CellResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        lock (_lock)
        {
            if (_results.Any(other => other.Name == result.Name))
                throw new ArgumentException($"the cell '{result.Name}' already has a result", nameof(result));
            _results.Add(result);
            PutInOrder();
            byte[] text = Encoding.UTF8.GetBytes(string.Concat(_results.Select(one => $"{ToJson(one)}\n")));
            DurableFile.Replace(_path, file => file.Write(text));
            foreach ((int i, CellResult one) in _results.Index())
                _lines[one.Name] = i + 1;
        }
    }

    /// <summary>Sets the order of the results, which is that of a grid's cells. The next result gives it to the file.</summary>
    /// <exception cref="ArgumentException">Two cells have one name.</exception>
    internal void Arrange(IReadOnlyList<StudyCell> cells)
    {
        lock (_lock)
        {
            _places = cells.Index().ToDictionary(cell => cell.Item.Name, cell => cell.Index);
            PutInOrder();
        }
    }

    /// <summary>Returns a result as one line of JSON.</summary>
    internal static string ToJson(CellResult result)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, ReadableJson.Line))
        {
            json.WriteStartObject();
            json.WriteStartObject("factors");
            foreach (StudyFactor factor in result.Factors)
                json.WriteString(factor.Name, factor.Level);
            json.WriteEndObject();
            json.WriteString("fingerprint", result.Fingerprint);
            json.WriteString("metric", result.Metric);
            json.WriteStartObject("values");
            foreach ((string name, double value) in result.Values)
            {
                if (double.IsFinite(value))
                    json.WriteNumber(name, value);
                else
                    json.WriteNull(name);
            }

            json.WriteEndObject();
            json.WriteNumber("seconds", Math.Round(result.Seconds, 1));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>Parses a line of JSON.</summary>
    /// <param name="line">The line.</param>
    /// <param name="place">File and line, for messages.</param>
    /// <exception cref="InvalidDataException">The line is not a result.</exception>
    internal static CellResult Parse(string line, string place)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.EnumerateObject().FirstOrDefault(field => Array.IndexOf(Fields, field.Name) < 0) is { Value.ValueKind: not JsonValueKind.Undefined } foreign)
                throw new InvalidDataException($"{place}: the field '{foreign.Name}' is not one of a cell, which has {string.Join(", ", Fields)}; the next result would delete it");
            return new CellResult(
                [.. root.GetProperty("factors").EnumerateObject().Select(factor => new StudyFactor(factor.Name, Text(factor.Value)))],
                Text(root.GetProperty("fingerprint")),
                Text(root.GetProperty("metric")),
                root.GetProperty("values").EnumerateObject().ToDictionary(value => value.Name, value => value.Value.ValueKind == JsonValueKind.Null ? double.NaN : value.Value.GetDouble()),
                root.GetProperty("seconds").GetDouble());
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{place}: not valid JSON: {JsonFile.Reason(problem)}", problem);
        }
        catch (Exception problem) when (problem is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException) // the last one is a name that occurs twice
        {
            throw new InvalidDataException($"{place}: not the result of a cell, which has {string.Join(", ", Fields)}, each name once", problem);
        }

        static string Text(JsonElement value) => value.GetString() ?? throw new FormatException("null instead of a text");
    }

    private void Read()
    {
        int number = 0;
        foreach (string line in StrictText.Read(_path).Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            string place = string.Create(CultureInfo.InvariantCulture, $"{_path}:{number}");
            CellResult result = Parse(line, place);
            if (!_lines.TryAdd(result.Name, number))
                throw new InvalidDataException($"{place}: the cell '{result.Name}' occurs twice; delete one of its lines");
            _results.Add(result);
        }
    }

    private void PutInOrder()
    {
        CellResult[] ordered = [.. _results.OrderBy(result => _places.GetValueOrDefault(result.Name, -1))]; // a stable order
        _results.Clear();
        _results.AddRange(ordered);
    }
}
