using System.Globalization;
using System.Text.Json;
using Foreword.IO;

namespace Foreword.Tokenization.Files;

/// <summary>
/// Reads the files that accompany a vocabulary: <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and <c>added_tokens.json</c>. Their
/// precedence is that of transformers. If <c>tokenizer_config.json</c> has an <c>added_tokens_decoder</c>, the two other files are ignored.
/// Otherwise <c>special_tokens_map.json</c> wins over <c>tokenizer_config.json</c>.
/// </summary>
internal sealed class TokenizerCompanions
{
    public const string SpecialTokensMap = "special_tokens_map.json";
    public const string AddedTokensJson = "added_tokens.json";
    public const string DecoderKey = "added_tokens_decoder";
    public const string AdditionalKey = "additional_special_tokens";
    public const string StartKey = "bos_token", EndKey = "eos_token", UnknownKey = "unk_token", PaddingKey = "pad_token";
    private const string ExtraKey = "extra_special_tokens"; // the name of additional_special_tokens in transformers 5

    /// <summary>The keys of tokens with a role, in the order in which transformers assigns ids to tokens that have none.</summary>
    public static readonly string[] RoleKeys = [StartKey, EndKey, UnknownKey, "sep_token", PaddingKey, "cls_token", "mask_token"];

    private readonly Dictionary<string, DeclaredToken> _roles = [];
    private readonly List<DeclaredToken> _additional = [];
    private readonly List<(TokenizerField Place, AddedToken Token)> _numbered = [];

    private TokenizerCompanions(string directory)
    {
        Directory = directory;
        Config = Open(TokenizerFileNames.TokenizerConfig);
        if (Config is { } config)
            ReadRoles(config);
        if (Config?.Find(DecoderKey) is { } decoder)
        {
            ReadDecoder(decoder);
            return;
        }

        if (Open(SpecialTokensMap) is { } map)
            ReadRoles(map);
        if (Open(AddedTokensJson) is { } added)
            ReadAdded(added);
    }

    /// <summary>Gets the directory of the files.</summary>
    public string Directory { get; }

    /// <summary>Gets the root of tokenizer_config.json, or null if there is no such file.</summary>
    public TokenizerField? Config { get; }

    /// <summary>Reads the files in the directory of a vocabulary file.</summary>
    /// <exception cref="InvalidDataException">A file is malformed; the message names it.</exception>
    public static TokenizerCompanions Beside(string vocabulary) => new(Path.GetDirectoryName(Path.GetFullPath(vocabulary))!);

    /// <summary>Returns the value of a switch in tokenizer_config.json; null if it is missing or null.</summary>
    /// <exception cref="InvalidDataException">The value is neither true nor false.</exception>
    public bool? Switch(string key) => Config?.Find(key) is not { } field ? null : field.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw field.Malformed($"is {field.Value.GetRawText()}; it must be true or false"),
    };

    /// <summary>Throws if the files name another token for a role than the kind's own.</summary>
    /// <exception cref="NotSupportedException">The files name another token.</exception>
    public void RequireRole(string key, string only)
    {
        if (_roles.TryGetValue(key, out DeclaredToken? token) && token.Text != only)
            throw token.Place.Unsupported($"{key} '{token.Text}'", $"it is {only}");
    }

    /// <summary>Throws if a switch has another value than the supported one.</summary>
    /// <param name="key">The switch's key in tokenizer_config.json.</param>
    /// <param name="only">The supported value.</param>
    /// <param name="instead">The end of the message, which says what is supported.</param>
    /// <exception cref="NotSupportedException">The switch has the other value; the message names it.</exception>
    public void RequireSwitch(string key, bool only, string instead)
    {
        if (Switch(key) is { } value && value != only)
            throw Config!.Value.Unsupported($"{key} = {(value ? "true" : "false")}", instead);
    }

    /// <summary>
    /// Adds the files' tokens to a vocabulary. A token with a role but without an id in any file gets the next id, as in transformers. The last of
    /// these tokens are omitted if no text or document can contain them, as is the case for padding.
    /// </summary>
    /// <exception cref="InvalidDataException">A token contradicts the vocabulary; the message names the file.</exception>
    public void AddTo(VocabularyEntries vocabulary)
    {
        foreach ((TokenizerField place, AddedToken token) in _numbered.OrderBy(entry => entry.Token.Id))
        {
            if (vocabulary.Declare(token) is { } problem)
                throw place.Malformed(problem);
        }

        List<DeclaredToken> missing = [];
        foreach (DeclaredToken token in RoleKeys.Where(_roles.ContainsKey).Select(key => _roles[key]).Concat(_additional))
        {
            if (vocabulary.IdOf(token.Text) is { } id)
                vocabulary.Declare(token.WithId(id));
            else if (!missing.Any(other => other.Text == token.Text))
                missing.Add(token);
        }

        int needed = missing.FindLastIndex(token => token.IsNeeded) + 1;
        foreach (DeclaredToken token in missing.Take(needed))
        {
            if (vocabulary.Declare(token.WithId(vocabulary.NextId)) is { } problem)
                throw token.Place.Malformed(problem);
        }
    }

    /// <summary>Returns the tokenizer with the roles that these files and the model's files in the same directory declare.</summary>
    /// <param name="tokenizer">The tokenizer, which already has these files' tokens.</param>
    /// <param name="before">The ids that the tokenizer's own file puts before a text; null or empty if it puts none.</param>
    /// <param name="after">The ids that the tokenizer's own file puts after a text; null or empty if it puts none.</param>
    public Tokenizer Assign(Tokenizer tokenizer, IReadOnlyList<int>? before = null, IReadOnlyList<int>? after = null)
    {
        Dictionary<string, int> ids = tokenizer.AddedTokens.ToDictionary(token => token.Text, token => token.Id);
        TextEnds model = TextEnds.Read(Directory);
        int? own = tokenizer.EndOfTextId;
        int? end = IdOf(EndKey) ?? own ?? model.EndIds.Where(ids.ContainsValue).Select(id => (int?)id).FirstOrDefault();
        int? start = IdOf(StartKey) ?? (model.StartId is { } id && ids.ContainsValue(id) ? id : before is [var only] ? only : null);
        return tokenizer.With(new TokenRoles
        {
            StartOfText = start == end ? null : start,
            EndOfText = end == own ? null : end,
            Stops = [.. model.EndIds.Where(id => id < tokenizer.VocabSize && id != end).Distinct()],
            Before = Bare(before) ?? (Switch("add_bos_token") == true ? [Required(start ?? end, StartKey, "add_bos_token")] : []),
            After = Bare(after) ?? (Switch("add_eos_token") == true ? [Required(end, EndKey, "add_eos_token")] : []),
            Names = RoleKeys.Where(key => IdOf(key) is not null).ToDictionary(key => key, key => _roles[key].Text),
            Additional = [.. _additional.Select(token => token.Text).Where(ids.ContainsKey)],
        });

        int? IdOf(string key) => _roles.TryGetValue(key, out DeclaredToken? token) && ids.TryGetValue(token.Text, out int id) ? id : null;

        static IReadOnlyList<int>? Bare(IReadOnlyList<int>? template) => template is { Count: 0 } ? null : template;

        int Required(int? id, string key, string because) => id ?? throw Config!.Value.Malformed($"{because} is true, but no {key} is named");
    }

    private TokenizerField? Open(string name)
    {
        string path = Path.Combine(Directory, name);
        if (!File.Exists(path))
            return null;
        using JsonDocument document = JsonFile.Parse(path);
        TokenizerField root = new(path, "", document.RootElement.Clone());
        return root.Value.ValueKind == JsonValueKind.Object ? root : throw root.Malformed("is not a JSON object");
    }

    private void ReadRoles(TokenizerField file)
    {
        foreach (string key in RoleKeys)
        {
            if (file.Find(key) is { } role && !IsEmptyText(role))
                _roles[key] = Declared(role, key is StartKey or EndKey);
        }

        foreach (string key in (string[])[AdditionalKey, ExtraKey])
        {
            if (file.Find(key) is not { } list)
                continue;
            IEnumerable<TokenizerField> tokens = list.Value.ValueKind == JsonValueKind.Object
                ? list.Properties().Select(named => named.Value)
                : list.Items();
            foreach (TokenizerField token in tokens)
            {
                if (Declared(token, isNeeded: true) is var declared && !_additional.Any(other => other.Text == declared.Text))
                    _additional.Add(declared);
            }
        }
    }

    private void ReadDecoder(TokenizerField decoder)
    {
        foreach ((string name, TokenizerField token) in decoder.Properties())
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw token.Malformed($"'{name}' is not an id");
            _numbered.Add((token, TokenizerJson.ReadToken(token, id, isSpecial: false)));
        }
    }

    /// <summary>Reads the older form: an object from text to id. A token is special if it has a role.</summary>
    private void ReadAdded(TokenizerField file)
    {
        Dictionary<string, DeclaredToken> special = _roles.Values.Concat(_additional).DistinctBy(token => token.Text).ToDictionary(token => token.Text);
        foreach ((string text, int id) in TokenizerJson.Vocabulary(file))
            _numbered.Add((file, special.TryGetValue(text, out DeclaredToken? token) ? token.WithId(id) : new AddedToken(text, id, IsSpecial: false) { Normalized = true }));
    }

    /// <summary>Checks whether a role's token is an empty text, which means that there is none.</summary>
    private static bool IsEmptyText(TokenizerField role) => role.Value.ValueKind == JsonValueKind.String && role.Text.Length == 0;

    private static DeclaredToken Declared(TokenizerField token, bool isNeeded) => token.Value.ValueKind == JsonValueKind.String
        ? new DeclaredToken(token, new AddedToken(NotEmpty(token, token.Text), 0), isNeeded)
        : new DeclaredToken(token, TokenizerJson.ReadToken(token, 0, isSpecial: true), isNeeded);

    private static string NotEmpty(TokenizerField place, string text) => text.Length > 0 ? text : throw place.Malformed("is empty; a token must have a text");

    /// <summary>A token whose id these files do not contain.</summary>
    /// <param name="Place">The token's place in its file.</param>
    /// <param name="Token">The token's text and switches.</param>
    /// <param name="IsNeeded">True if texts or documents can contain the token.</param>
    private sealed record DeclaredToken(TokenizerField Place, AddedToken Token, bool IsNeeded)
    {
        public string Text => Token.Text;

        public AddedToken WithId(int id) => Token with { Id = id };
    }
}
