namespace Foreword.Data.Decoding;

/// <summary>Sets the runtime switch without which a truncated gzip file is read as if it were complete.</summary>
internal static class StrictGzip
{
    private const string Switch = "System.IO.Compression.UseStrictValidation";

    /// <summary>Turns the switch on, unless the application has already set it.</summary>
    public static void SwitchOn()
    {
        if (!AppContext.TryGetSwitch(Switch, out _))
            AppContext.SetSwitch(Switch, true);
    }
}
