using System.Globalization;
using Foreword.Settings;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Foreword.Data.Recipes.Yaml;

/// <summary>Writes a record as YAML. <see cref="RecipeReader"/> reads the same values back.</summary>
internal sealed class RecipeWriter
{
    private readonly Emitter _emitter;

    private RecipeWriter(TextWriter output) =>
        _emitter = new Emitter(output, new EmitterSettings().WithBestWidth(int.MaxValue).WithNewLine("\n").WithIndentedSequences());

    /// <summary>Writes a record: every key that has a value, in the order of declaration.</summary>
    public static string Write(IRecipe record)
    {
        using StringWriter output = new(CultureInfo.InvariantCulture);
        RecipeWriter writer = new(output);
        writer._emitter.Emit(new StreamStart());
        writer._emitter.Emit(new DocumentStart());
        writer.Mapping(record);
        writer._emitter.Emit(new DocumentEnd(isImplicit: true));
        writer._emitter.Emit(new StreamEnd());
        return output.ToString();
    }

    private void Mapping(IRecipe record)
    {
        _emitter.Emit(new MappingStart());
        foreach (RecipeKey key in RecipeKey.Of(record))
        {
            if (key.Value is not { } value)
                continue; // a key without a value is omitted
            Plain(key.Name);
            if (key.IsSection)
                Mapping(key.Section);
            else
                Value(value);
        }

        _emitter.Emit(new MappingEnd());
    }

    private void Value(object value)
    {
        switch (value)
        {
            case IReadOnlyList<string> texts:
                _emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, texts.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (string text in texts)
                    Text(text);
                _emitter.Emit(new SequenceEnd());
                break;
            case IReadOnlyDictionary<string, string> texts:
                _emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, texts.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach ((string name, string text) in texts)
                {
                    Text(name);
                    Text(text);
                }

                _emitter.Emit(new MappingEnd());
                break;
            case string text: Text(text); break;
            case bool flag: Plain(flag ? "true" : "false"); break;
            case int whole: Plain(whole.ToString(CultureInfo.InvariantCulture)); break;
            case double number: Plain(number.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e')); break;
            case Enum choice: Plain(RecipeKey.ChoiceOf(choice)); break;
            default: throw new NotSupportedException($"recipes do not support values of type {value.GetType().Name}");
        }
    }

    /// <summary>Writes a text. It is quoted unless it is a plain word or path, so that no reader interprets it as another type.</summary>
    private void Text(string text)
    {
        bool plain = text.Length > 0 && char.IsAsciiLetter(text[0]) && !RecipeScalar.MeansNull(text)
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/')
            && text.ToUpperInvariant() is not ("TRUE" or "FALSE" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N");
        Scalar(text, plain ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted);
    }

    private void Plain(string text) => Scalar(text, ScalarStyle.Plain);

    private void Scalar(string text, ScalarStyle style) =>
        _emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, style, isPlainImplicit: style == ScalarStyle.Plain, isQuotedImplicit: style != ScalarStyle.Plain));
}
