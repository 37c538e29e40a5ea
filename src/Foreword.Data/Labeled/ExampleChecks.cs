using Foreword.Tasks;

namespace Foreword.Data.Labeled;

/// <summary>
/// Checks before training that a task can be learned from labeled examples. Swapped columns are the most frequent reason why it cannot.
/// </summary>
internal static class ExampleChecks
{
    /// <summary>The maximum number of characters of a text that may be a label.</summary>
    private const int LongestLabel = 40;

    /// <summary>
    /// Rejects labels from which no classes can be learned: fewer than two examples for each class on average, or more classes than distinct inputs.
    /// </summary>
    /// <param name="task">Supplies the labels and the columns.</param>
    /// <param name="train">The training examples.</param>
    /// <param name="source">The name of the training set in messages.</param>
    /// <exception cref="InvalidDataException">
    /// The labels are not usable as classes. The message names the column, the classes and the examples.
    /// </exception>
    public static void Classes(TaskDescription task, IReadOnlyList<TaskExample> train, string source)
    {
        int classes = task.Labels.Count, inputs = train.Select(Input).Distinct(StringComparer.Ordinal).Count();
        if (inputs < classes)
        {
            throw new InvalidDataException($"{source}: column '{task.ColumnOf(TaskDescription.LabelRole)}' has {classes} classes in {train.Count} examples, "
                + $"whose texts have only {(inputs == 1 ? "1 value" : $"{inputs} different values")}{SwappedColumns(task, train)}");
        }

        if (task.Target == TargetKind.Classes && 2 * classes > train.Count)
        {
            string hint = SwappedColumns(task, train) is { Length: > 0 } swapped ? swapped : "; if these are the classes, list them with task.labels";
            throw new InvalidDataException($"{source}: column '{task.ColumnOf(TaskDescription.LabelRole)}' has {classes} classes in {train.Count} examples, "
                + $"{(classes == train.Count ? "one example for each class" : "fewer than two examples for each class")}{hint}");
        }
    }

    /// <summary>Rejects scores that are not numbers or are all equal.</summary>
    /// <inheritdoc cref="Classes" path="/param"/>
    /// <exception cref="InvalidDataException">
    /// A score is not a number (the message names its row), or all scores are equal (the message names column, score and examples).
    /// </exception>
    public static void Scores(TaskDescription task, IReadOnlyList<TaskExample> train, string source)
    {
        if (train.FirstOrDefault(example => !IsNumber(example.Label!)) is { } wrong)
        {
            string? swapped = TextColumns(task, train).FirstOrDefault(column => column.Values.All(IsNumber)).Name;
            throw new InvalidDataException($"{wrong.MessagePrefix}label '{wrong.Label}' is not a number{(swapped is null ? "" : $"; column '{swapped}' holds numbers only: are the columns swapped?")}");
        }

        double first = TaskDescription.Number(train[0].Label!, train[0].Where);
        if (train.All(example => TaskDescription.Number(example.Label!, example.Where) == first))
            throw new InvalidDataException($"{source}: column '{task.ColumnOf(TaskDescription.LabelRole)}' has the score {train[0].Label} in all {train.Count} examples; there is nothing to learn");
    }

    /// <summary>Rejects examples that all have two equal choices, as when a column is listed twice.</summary>
    /// <returns>Warnings, if only some examples have equal choices.</returns>
    /// <inheritdoc cref="Classes" path="/param"/>
    /// <exception cref="InvalidDataException">All examples have equal choices. The message names the choices of the first example.</exception>
    public static IEnumerable<string> Choices(TaskDescription task, IReadOnlyList<TaskExample> train, string source)
    {
        TaskExample[] doubtful = [.. train.Where(example => EqualChoices(example) is not null)];
        if (doubtful.Length == 0)
            return [];
        (int first, int second) = EqualChoices(doubtful[0])!.Value;
        if (doubtful.Length < train.Count)
            return [$"{doubtful[0].Where}: choices {first} and {second} are the same, '{ShortOf(doubtful[0].Choices[first - 1])}'{(doubtful.Length == 1 ? "" : $"; {doubtful.Length} of {train.Count} examples have equal choices")}"];
        string[] columns = [.. task.Columns.Where(column => column.StartsWith("choice=", StringComparison.Ordinal)).Select(column => column["choice=".Length..])];
        throw new InvalidDataException($"{source}: all {train.Count} examples have equal choices, the first one choices {first} and {second}{(columns.Length > 1 ? $" (the columns are {string.Join(", ", columns)})" : "")}; there is nothing to choose");
    }

    /// <summary>Checks the examples that select the best epoch.</summary>
    /// <param name="task">Supplies the labels and the columns.</param>
    /// <param name="train">The training examples.</param>
    /// <param name="validation">The validation examples, which select the best epoch.</param>
    /// <param name="source">The name of the validation set in messages; null if it is a part of the training set.</param>
    /// <returns>Warnings.</returns>
    /// <exception cref="InvalidDataException">
    /// The examples cannot select the best epoch. There are none, all have the same class, or they are a part of the training set and include a class
    /// that the remaining training examples do not have.
    /// </exception>
    public static IEnumerable<string> Validation(TaskDescription task, IReadOnlyList<TaskExample> train, IReadOnlyList<TaskExample> validation, string? source)
    {
        string name = source ?? "the validation split";
        if (validation.Count == 0)
            throw new InvalidDataException($"column '{task.ColumnOf(TaskDescription.LabelRole)}' has one example for each class, so none can be held out; give a validation set with data.validation");
        if (task.Target is TargetKind.Score or TargetKind.SoftLabels)
        {
            double first = TaskDescription.Number(validation[0].Label!, validation[0].Where);
            return validation.All(example => TaskDescription.Number(example.Label!, example.Where) == first)
                ? [$"{name}: all {validation.Count} examples have the score {validation[0].Label}, so correlations are undefined and the loss chooses the best epoch"]
                : [];
        }

        if (task.Target != TargetKind.Span && validation.Count > 1 && validation.All(example => example.Label == validation[0].Label))
        {
            string all = $"{name}: all {validation.Count} examples have the label '{validation[0].Label}'";
            return task.Target != TargetKind.Classes
                ? [$"{all}; a model that always {(task.Target == TargetKind.Choice ? "takes this choice" : "answers it")} would look perfect"]
                : throw new InvalidDataException($"{all}; a model that always answers it would be the best{(source is null ? "; set data.stratified: true, or give data.validation" : "")}");
        }

        if (task.Target is not (TargetKind.Classes or TargetKind.Choice))
            return [];
        HashSet<string> learnt = new(train.Select(example => example.Label!), StringComparer.Ordinal);
        if (validation.FirstOrDefault(example => !learnt.Contains(example.Label!)) is not { } unseen)
            return [];
        string sentence = $"{unseen.MessagePrefix}label '{unseen.Label}' is in the validation set but not in the training set";
        return source is null && task.Target == TargetKind.Classes
            ? throw new InvalidDataException($"{sentence}; set data.stratified: true, or give data.validation")
            : [sentence];
    }

    /// <summary>Checks the training examples after they were encoded as token sequences.</summary>
    /// <param name="task">Supplies the context length.</param>
    /// <param name="examples">The training examples.</param>
    /// <param name="encoded">The same examples as the model reads them.</param>
    /// <param name="source">The name of the training set in messages.</param>
    /// <returns>Warnings.</returns>
    /// <exception cref="InvalidDataException">
    /// The model would read the same tokens in every example, or the same tokens for all choices of every example.
    /// </exception>
    public static IEnumerable<string> Encoded(TaskDescription task, IReadOnlyList<TaskExample> examples, IReadOnlyList<EncodedExample> encoded, string source)
    {
        int cut = encoded.Count(example => example.Sequences.IsTruncated);
        string context = cut > 0 ? $" (the context holds {task.ContextLength} tokens; {cut} of {encoded.Count} texts are cut)" : "";
        if (encoded.Count > 1 && encoded.All(example => AreEqual(example.Sequences.Sequences, encoded[0].Sequences.Sequences)))
            throw new InvalidDataException($"{source}: all {encoded.Count} examples are the same tokens to the model{context}; there is nothing to learn");
        if (task.Target == TargetKind.Choice)
        {
            int[] alike = [.. Enumerable.Range(0, encoded.Count).Where(i => encoded[i].Sequences.Sequences.All(sequence => sequence.AsSpan().SequenceEqual(encoded[i].Sequences.Sequences[0])))];
            if (alike.Length == encoded.Count)
                throw new InvalidDataException($"{source}: the choices of all {encoded.Count} examples are the same tokens to the model{context}; there is nothing to choose");
            if (alike.Length > 0)
                yield return $"{examples[alike[0]].MessagePrefix}all choices are the same tokens to the model{context}{(alike.Length == 1 ? "" : $"; {alike.Length} of {encoded.Count} examples have this problem")}";
        }

        if (cut == encoded.Count)
            yield return $"{source}: all {encoded.Count} examples are cut to the context of {task.ContextLength} tokens; the model reads only the beginnings";
    }

    /// <summary>
    /// Returns a hint such as "; column 'text' has 2 different values: are the columns swapped?" if a text column looks like labels; otherwise an
    /// empty string.
    /// </summary>
    public static string SwappedColumns(TaskDescription task, IReadOnlyList<TaskExample> train)
    {
        foreach ((string name, string[] values) in TextColumns(task, train))
        {
            int distinct = values.Distinct(StringComparer.Ordinal).Count();
            if (distinct >= 2 && 2 * distinct <= values.Length && distinct < train.Select(example => example.Label).Distinct(StringComparer.Ordinal).Count() && values.All(value => value.Length <= LongestLabel))
                return $"; column '{name}' has {distinct} different values: are the columns swapped?";
        }

        return "";
    }

    /// <summary>Returns the columns of single texts that have a value in every example, with their values.</summary>
    private static IEnumerable<(string Name, string[] Values)> TextColumns(TaskDescription task, IReadOnlyList<TaskExample> train)
    {
        TaskColumn[] single = [.. task.Definition.Columns.Where(column => !column.IsMany)];
        return single.Index()
            .Where(column => train.All(example => column.Index < example.Texts.Count && example.Texts[column.Index] is not null))
            .Select(column => (task.ColumnOf(column.Item.Role), train.Select(example => example.Texts[column.Index]!).ToArray()));
    }

    private static string Input(TaskExample example) => string.Join('\0', example.Texts.Concat(example.Choices));

    /// <summary>Returns the positions of the first two equal choices, counted from 1; null if all choices differ.</summary>
    private static (int First, int Second)? EqualChoices(TaskExample example)
    {
        for (int second = 1; second < example.Choices.Count; second++)
        {
            for (int first = 0; first < second; first++)
            {
                if (example.Choices[first] == example.Choices[second])
                    return (first + 1, second + 1);
            }
        }

        return null;
    }

    private static bool IsNumber(string text) =>
        double.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out double number) && double.IsFinite(number);

    private static bool AreEqual(IReadOnlyList<int[]> a, IReadOnlyList<int[]> b) => a.Count == b.Count && a.Zip(b).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    private static string ShortOf(string text) => text.Length <= LongestLabel ? text : text[..LongestLabel] + "...";
}
